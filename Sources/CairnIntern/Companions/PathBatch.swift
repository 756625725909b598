/// Paths on their way into a ``PathTable`` together, and then their numbers.
///
/// Each takes over from the one before it what both start with, whole components at a time: of a
/// listing, in which neighbours share most of their directories, only the names are looked for.
@usableFromInline
final class PathBatch {
  /// A path above the last one, or that itself, which ends at this byte of it.
  private struct Step {
    var end: Int
    var path: UInt32
  }

  private static let capacity = 256
  private var steps: [Step] = []
  private var last = UnsafeRawBufferPointer(start: nil, count: 0)
  /// The numbers of the paths that were interned last.
  @usableFromInline private(set) var paths: [UInt32] = []

  @usableFromInline
  init() {
    paths.reserveCapacity(Self.capacity)
  }

  /// Interns the next paths of `text`, of which `offset` is the start of the first, and moves
  /// `offset` behind their separators: behind the end of the text at last.
  ///
  /// The text must be where it was at the call before. After an error the batch is not used again.
  func intern(
    _ text: RawSpan, separatedBy separator: UInt8, from offset: inout Int,
    _ core: inout PathCore, _ components: inout ArenaCore
  ) -> InternError? {
    let (start, length) = text.lentBytes
    paths.removeAll(keepingCapacity: true)
    while paths.count < Self.capacity, offset <= length {
      let end = start.first(separator, from: offset, to: length)
      let path = UnsafeRawBufferPointer(start: start + offset, count: end - offset)
      do throws(InternError) {
        paths.append(try intern(path, &core, &components))
      } catch {
        return error
      }
      offset = end + 1
    }
    return nil
  }

  private func intern(
    _ path: UnsafeRawBufferPointer, _ core: inout PathCore, _ components: inout ArenaCore
  ) throws(InternError) -> UInt32 {
    let slash = UInt8(ascii: "/")
    let shared = sharedCount(path, last)
    last = path
    // A component that both have ends in both where it ends in one.
    while let step = steps.last {
      let isWhole = step.end < path.count ? path[step.end] == slash : step.end == path.count
      if step.end <= shared, isWhole { break }
      steps.removeLast()
    }
    var place = steps.last.map { $0.end + 1 } ?? 0
    var parent = steps.last?.path ?? PathCore.none
    guard let start = path.baseAddress.map({ UnsafeRawPointer($0) }) else { return parent }
    while place <= path.count {
      let end = start.first(slash, from: place, to: path.count)
      let key = components.hash(start + place, end - place)
      parent = try core.intern(parent, try components.intern(start + place, end - place, key))
      steps.append(Step(end: end, path: parent))
      place = end + 1
    }
    return parent
  }

  /// The bytes that both start with.
  private func sharedCount(
    _ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer
  ) -> Int {
    let count = min(left.count, right.count)
    guard let first = left.baseAddress, let second = right.baseAddress else { return 0 }
    var place = 0
    while place + 8 <= count {
      let difference = UnsafeRawPointer(first).word(place) ^ UnsafeRawPointer(second).word(place)
      if difference != 0 { return place + difference.trailingZeroBitCount / 8 }
      place += 8
    }
    while place < count, left[place] == right[place] { place += 1 }
    return place
  }
}
