internal import CairnCore
internal import SystemPackage

/// One of the two descriptors of a pipeline, and how it is to be used.
struct StreamEnd {
  private let file: FileDescriptor
  private let name: String
  /// What lies behind the offset of a regular file that is read; `nil` for streams.
  private(set) var range: PieceSource.Range?
  /// Whether it can be written by position.
  private let isPositioned: Bool
  /// The size that a regular file had at first.
  private let size: Int64

  /// Looks at both ends.
  ///
  /// - Throws: ``CryptoError/Code/io`` if they are the same file: it would be overwritten before
  ///   it is read.
  static func pair(
    _ input: FileDescriptor, _ output: FileDescriptor
  ) throws(CryptoError) -> (input: StreamEnd, output: StreamEnd) {
    do throws(IOError) {
      let from = try status(of: input, "the input")
      let to = try status(of: output, "the output")
      if from.kind == .regular, to.kind == .regular, from.isSameFile(as: to) {
        throw IOError(
          .invalidPath, operation: "write to", subject: "the output",
          detail: "it is the same file as the input; give another one")
      }
      return (
        try StreamEnd(input, "the input", from), try StreamEnd(output, "the output", to)
      )
    } catch {
      throw .io(error)
    }
  }

  private static func status(
    of file: FileDescriptor, _ name: String
  ) throws(IOError) -> FileStatus {
    do throws(Errno) {
      return try file.status()
    } catch {
      throw .systemCall("use", name, error)
    }
  }

  private init(_ file: FileDescriptor, _ name: String, _ status: FileStatus) throws(IOError) {
    self.file = file
    self.name = name
    size = status.size
    let isAppending = try file.isAppending()
    isPositioned = status.kind == .regular && !isAppending
    // Files that the system makes up as they are read say that they are empty, as in /proc, or have
    // one page, as in /sys. A file of one piece gains nothing from being read by position.
    guard status.kind == .regular, status.size > 0 else {
      range = nil
      return
    }
    let offset = try Self.offset(of: file, name)
    let isLong = status.size > Piece.segmentCount * Segment.sealedSize
    range =
      isLong || offset >= status.size
      ? PieceSource.Range(start: offset, end: max(offset, status.size)) : nil
  }

  /// How many bytes are to come, if that is known.
  var remainingCount: Int64? { range.map { $0.end - $0.start } }

  /// Where the next byte goes; `nil` if the output is a stream.
  func currentOffset() throws(CryptoError) -> Int64? {
    guard isPositioned else { return nil }
    do throws(IOError) { return try Self.offset(of: file, name) } catch { throw .io(error) }
  }

  /// How many bytes of the input have been taken out of a buffer in front of it.
  func consumedCount(stillBuffered count: Int) throws(CryptoError) -> Int64 {
    guard let range else { return 0 }
    do throws(IOError) {
      return try Self.offset(of: file, name) - range.start - Int64(count)
    } catch {
      throw .io(error)
    }
  }

  /// The same without its first `count` bytes.
  func dropping(_ count: Int64) -> StreamEnd {
    var rest = self
    rest.range = range.map { range in
      let start = range.start + count
      return PieceSource.Range(start: start, end: max(start, range.end))
    }
    return rest
  }

  func write(_ bytes: RawSpan) throws(CryptoError) {
    var writer = FileWriter(file, name: name)
    do throws(IOError) { try writer.write(bytes) } catch { throw .io(error) }
  }

  /// Leaves the offsets where the stream ended, and throws what ended it too early.
  ///
  /// - Parameters:
  ///   - output: The other end.
  ///   - start: Where the work on the output began, if it was written by position.
  func finish(
    _ outcome: SegmentPipeline.Outcome, to output: StreamEnd, start: Int64?
  ) throws(CryptoError) {
    do throws(IOError) {
      if let start {
        let end = start + outcome.writtenCount
        // Later pieces may have been written before the failure was seen. What was in the file
        // before the work began is not ours to cut off.
        if outcome.failure != nil { try output.shorten(to: max(end, output.size)) }
        try output.seek(to: end)
      }
      if let range, outcome.failure == nil { try seek(to: range.end) }
    } catch {
      throw outcome.failure ?? .io(error)
    }
    if let failure = outcome.failure { throw failure }
  }

  private func seek(to offset: Int64) throws(IOError) {
    do {
      try file.seek(offset: offset, from: .start)
    } catch let error as Errno {
      throw .systemCall("move in", name, error)
    } catch {
      preconditionFailure("swift-system throws Errno only")
    }
  }

  private func shorten(to size: Int64) throws(IOError) {
    do {
      if try file.status().size > size { try file.resize(to: size) }
    } catch let error as Errno {
      throw .systemCall("shorten", name, error)
    } catch {
      preconditionFailure("swift-system throws Errno only")
    }
  }

  private static func offset(of file: FileDescriptor, _ name: String) throws(IOError) -> Int64 {
    do {
      return try file.seek(offset: 0, from: .current)
    } catch let error as Errno {
      throw .systemCall("find the offset of", name, error)
    } catch {
      preconditionFailure("swift-system throws Errno only")
    }
  }
}
