public import CairnCore
public import SystemPackage

extension Age {
  /// Tells what can be told about a file without any key.
  ///
  /// The payload is read and counted, not looked at: damage is not found, except in an armor.
  /// Memory: some 300 KiB, and 256 KiB more for an armor, whatever the length.
  ///
  /// - Parameters:
  ///   - input: The file from its first byte on, armored or not. It is read to its end.
  ///   - limits: How much of a header to accept.
  /// - Throws: ``CryptoError/Code/header`` or ``CryptoError/Code/limit`` if the header is damaged
  ///   or too long; ``CryptoError/Code/armor`` if an armor is damaged; ``CryptoError/Code/io`` if
  ///   `input` fails.
  public static func inspect(
    _ input: some ByteReader, limits: Header.Limits = Header.Limits()
  ) throws(CryptoError) -> FileSummary {
    try inspect(input, fileByteCount: nil, limits: limits)
  }

  /// Tells what can be told about a file, pipe or socket without any key.
  ///
  /// The file begins at the descriptor's offset. A regular file is left there, and if it is not
  /// armored only its beginning is read; a pipe or socket is read to its end. The descriptor is
  /// borrowed, not closed. The call blocks: do not make it on a thread of the cooperative pool.
  ///
  /// - Throws: As ``inspect(_:limits:)-(ByteReader,_)``.
  public static func inspect(
    _ file: FileDescriptor, limits: Header.Limits = Header.Limits()
  ) throws(CryptoError) -> FileSummary {
    guard let extent = try extent(of: file) else {
      return try inspect(FileReader(file), limits: limits)
    }
    let summary: Result<FileSummary, CryptoError>
    do throws(CryptoError) {
      summary = .success(
        try inspect(FileReader(file), fileByteCount: Int64(extent.count), limits: limits))
    } catch {
      summary = .failure(error)
    }
    _ = try seek(file, to: extent.lowerBound, from: .start)
    return try summary.get()
  }

  /// - Parameter fileByteCount: The length of the input, if it is known.
  private static func inspect(
    _ input: some ByteReader, fileByteCount: Int64?, limits: Header.Limits
  ) throws(CryptoError) -> FileSummary {
    var buffer = InputBuffer(input, capacity: copyBufferSize)
    let header = try buffer.readHeader(limits: limits)
    let headerCount = Int64(header.byteCount)
    if !buffer.isArmored, let fileByteCount {
      return FileSummary(header, payloadByteCount: max(0, fileByteCount - headerCount))
    }
    let payloadCount = try buffer.copyRest { _ in }
    var summary = FileSummary(header, payloadByteCount: payloadCount)
    if buffer.isArmored {
      summary.isArmored = true
      summary.armorByteCount = buffer.armoredCount - headerCount - payloadCount
    }
    return summary
  }

  /// From the offset of a regular file to its end; `nil` for anything else.
  private static func extent(of file: FileDescriptor) throws(CryptoError) -> Range<Int64>? {
    let status: FileStatus
    do throws(Errno) {
      status = try file.status()
    } catch {
      throw .io(.systemCall("look at", "the input", error))
    }
    guard status.kind == .regular else { return nil }
    let start = try seek(file, to: 0, from: .current)
    return start..<max(start, status.size)
  }

  private static func seek(
    _ file: FileDescriptor, to offset: Int64, from whence: FileDescriptor.SeekOrigin
  ) throws(CryptoError) -> Int64 {
    do {
      return try file.seek(offset: offset, from: whence)
    } catch {
      let errno = error as? Errno ?? .invalidArgument
      throw .io(.systemCall("seek in", "the input", errno))
    }
  }
}
