import CairnCrypto
import Testing

@Suite("Where the parts of a payload are")
struct PayloadLayoutTests {
  private func layout(header: Int, plain: Int) throws -> PayloadLayout {
    try PayloadLayout(
      headerByteCount: header,
      fileByteCount: Int64(header + 16) + Segment.sealedCount(forPlain: Int64(plain)))
  }

  /// Where each segment is, one after the other.
  private func segments(header: Int, plain: Int) -> [(plain: Range<Int64>, sealed: Range<Int64>)] {
    var result: [(plain: Range<Int64>, sealed: Range<Int64>)] = []
    var (position, start) = (0, header + 16)
    repeat {
      let count = min(65536, plain - position)
      result.append(
        (Int64(position)..<Int64(position + count), Int64(start)..<Int64(start + count + 16)))
      position += count
      start += count + 16
    } while position < plain
    return result
  }

  /// Every length of a file up to some segments is that of one plaintext, or of none.
  @Test func everyLength() throws {
    let header = 123
    var plainCounts: [Int64: Int] = [:]
    for plain in 0...200_000 {
      let file = segments(header: header, plain: plain).last!.sealed.upperBound
      #expect(plainCounts.updateValue(plain, forKey: file) == nil)
    }
    for file in Int64(0)...Int64(200_000) {
      let layout = try? PayloadLayout(headerByteCount: header, fileByteCount: file)
      guard layout?.byteCount != plainCounts[file].map(Int64.init) else { continue }
      Issue.record("a file of \(file) bytes")
    }
  }

  @Test(arguments: boundaryLengths, [0, 1, 200])
  func partsFollowEachOther(plain: Int, header: Int) throws {
    let layout = try layout(header: header, plain: plain)
    let segments = segments(header: header, plain: plain)
    #expect(layout.byteCount == plain)
    #expect(layout.segmentCount == segments.count)
    #expect(layout.nonceRange == Int64(header)..<Int64(header + 16))
    for (index, segment) in segments.enumerated() {
      #expect(layout.sealedRange(ofSegment: Int64(index)) == segment.sealed)
    }
    #expect(layout.lastSegmentRange == segments.last!.sealed)
    #expect(layout.lastSegmentRange.upperBound == layout.fileByteCount)
  }

  /// Exactly the segments that hold a byte of the range.
  @Test(arguments: [0, 1, 65535, 65536, 65537, 131072, 200_000, 262_144])
  func rangesAreMinimalAndSufficient(plain: Int) throws {
    let seed = UInt64.random(in: .min ... .max)
    var random = SeededRandom(seed)
    let layout = try layout(header: 77, plain: plain)
    let segments = segments(header: 77, plain: plain)
    var edges = [0, 1, 65535, 65536, 65537, 131071, 131072, 131073, plain - 1, plain, plain + 1]
    edges += (0..<10).map { _ in Int.random(in: 0...plain + 100_000, using: &random) }
    edges += [-1, -70_000, Int.max, Int.min]
    for start in edges {
      for end in edges where start <= end {
        let range = Int64(start)..<Int64(end)
        let needed = segments.filter { $0.plain.overlaps(range) }
        let sealed = layout.sealedRange(for: range)
        if let first = needed.first, let last = needed.last {
          #expect(
            sealed == first.sealed.lowerBound..<last.sealed.upperBound, "\(range), seed \(seed)")
        } else {
          #expect(sealed.isEmpty, "\(range), seed \(seed)")
        }
      }
    }
  }

  /// From a store that says anything.
  @Test func hostileLengths() throws {
    let headers: [Int] = [0, 1, 200, .max - 1, .max]
    let tooShort: [Int64] = [.min, .min + 1, -1, 0, 15, 16, 31]
    let enormous: [Int64] = [.max, .max - 1, .max - 15, .max - 70_000]
    for header in headers {
      for file in tooShort {
        expect(.header, .truncated) {
          _ = try PayloadLayout(headerByteCount: header, fileByteCount: file)
        }
      }
      for file in enormous {
        guard let layout = try? PayloadLayout(headerByteCount: header, fileByteCount: file) else {
          continue
        }
        #expect(layout.lastSegmentRange.upperBound == file)
        let everything = layout.sealedRange(for: Int64.min..<Int64.max)
        #expect(everything == Int64(header) + 16..<file)
      }
    }
  }
}
