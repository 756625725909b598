import CairnCore

/// Packs a block of chunks.
///
/// Called from several threads at once; keeps no state between calls.
public protocol Compressor: Sendable {
  /// The number under which blocks name this compressor in the repository's format: 0 is none, 1 is
  /// LZ4, 128 to 255 are free for hosts.
  var codec: UInt8 { get }

  /// Compresses `raw` into the free part of `output`.
  ///
  /// - Returns: whether the result fits into the free part; if it does not, the block is kept raw.
  func compress(_ raw: RawSpan, into output: inout OutputRawSpan) -> Bool

  /// Restores what ``compress(_:into:)`` was given.
  ///
  /// - Parameters:
  ///   - packed: bytes that may be damaged; they must not make it write beyond `output`.
  ///   - output: has free capacity for exactly the raw length.
  /// - Returns: whether the bytes were sound and filled `output`.
  func decompress(_ packed: RawSpan, into output: inout OutputRawSpan) -> Bool
}

/// Keeps every block raw.
public struct NoCompression: Compressor {
  public init() {}
  public var codec: UInt8 { 0 }

  public func compress(_ raw: RawSpan, into output: inout OutputRawSpan) -> Bool { false }

  public func decompress(_ packed: RawSpan, into output: inout OutputRawSpan) -> Bool {
    guard packed.byteCount == output.freeCapacity else { return false }
    output.append { free in
      packed.withUnsafeBytes { free.copyMemory(from: $0) }
      return free.count
    }
    return true
  }
}
