public import CairnCore
import SystemPackage

/// The bytes of a blob that is to be put: small ones in memory, large ones in a file, or made when
/// they are read.
///
/// They can be read any number of times and from any offset, so a target can upload in parts and
/// try again.
public struct BlobSource: Sendable {
  enum Storage {
    case bytes([UInt8])
    case spooled(SpooledFile, byteCount: Int64)
    case made(byteCount: Int64, by: @Sendable (Range<Int64>) throws(IOError) -> [UInt8])
  }

  let storage: Storage

  public init(_ bytes: [UInt8]) {
    storage = .bytes(bytes)
  }

  /// - Parameters:
  ///   - file: a finished temporary file; a target on its file system may give it a name.
  ///   - byteCount: its length.
  public init(_ file: SpooledFile, byteCount: Int64) {
    storage = .spooled(file, byteCount: byteCount)
  }

  /// - Parameters:
  ///   - byteCount: how many bytes there are.
  ///   - read: makes those of a range, the same each time. It may be called from several threads at
  ///     once, and may block.
  public init(
    byteCount: Int64, reading read: @escaping @Sendable (Range<Int64>) throws(IOError) -> [UInt8]
  ) {
    storage = .made(byteCount: byteCount, by: read)
  }

  public var byteCount: Int64 {
    switch storage {
    case .bytes(let bytes): Int64(bytes.count)
    case .spooled(_, let count), .made(let count, _): count
    }
  }

  /// The temporary file that holds the bytes, if it is one.
  public var spooledFile: SpooledFile? {
    if case .spooled(let file, _) = storage { file } else { nil }
  }

  /// The bytes of a range.
  ///
  /// - Throws: `IOError` if the file fails or is shorter than it was said to be, or what makes the
  ///   bytes throws.
  public func read(_ range: Range<Int64>) throws(IOError) -> [UInt8] {
    precondition(range.lowerBound >= 0 && range.upperBound <= byteCount)
    switch storage {
    case .bytes(let bytes):
      return Array(bytes[Int(range.lowerBound)..<Int(range.upperBound)])
    case .spooled(let spooled, _):
      let bytes: [UInt8]
      do throws(Errno) {
        bytes = try [UInt8](unsafeUninitializedCapacity: range.count) {
          (buffer, count) throws(Errno) in
          count = try spooled.file.readFully(
            at: range.lowerBound,
            into: UnsafeMutableRawBufferPointer(
              rebasing: UnsafeMutableRawBufferPointer(buffer)[..<range.count]))
        }
      } catch {
        throw .systemCall("read", "a temporary file", error)
      }
      guard bytes.count == range.count else {
        throw IOError(
          .unexpectedEnd, operation: "read", subject: "a temporary file",
          detail: "it became shorter while it was used")
      }
      return bytes
    case .made(_, let make):
      let bytes = try make(range)
      guard bytes.count == range.count else {
        throw IOError(
          .unexpectedEnd, operation: "read", subject: "what is to be stored",
          detail: "\(bytes.count) bytes are there instead of \(range.count)")
      }
      return bytes
    }
  }
}
