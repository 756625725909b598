import CLZ4
import CairnCore

/// The LZ4 block format (https://github.com/lz4/lz4/blob/dev/doc/lz4_Block_format.md) by liblz4.
public struct LZ4: Compressor {
  /// How hard it tries; reading does not depend on it.
  public struct Effort: Hashable, Sendable {
    let level: CInt

    /// Some 800 MB/s a core on source code.
    public static let fast = Effort(level: 0)
    /// Takes a fifth less space than ``fast`` on source code, at a quarter of its speed.
    public static let high = Effort(level: 2)
    /// Takes a quarter less space than ``fast`` on source code, at a tenth of its speed.
    public static let highest = Effort(level: 9)
  }

  private let effort: Effort

  public init(_ effort: Effort = .fast) {
    self.effort = effort
  }

  /// What an empty block is packed to: a sequence of no literals and no match.
  private static let packedNothing: [UInt8] = [0]

  public var codec: UInt8 { 1 }

  public func compress(_ raw: RawSpan, into output: inout OutputRawSpan) -> Bool {
    let count = raw.withUnsafeBytes { source in
      output.append { free in
        let count =
          effort.level == 0
          ? LZ4_compress_default(
            source.baseAddress, free.baseAddress, CInt(source.count), CInt(free.count))
          : LZ4_compress_HC(
            source.baseAddress, free.baseAddress, CInt(source.count), CInt(free.count),
            effort.level)
        return max(0, Int(count))
      }
    }
    return count > 0
  }

  public func decompress(_ packed: RawSpan, into output: inout OutputRawSpan) -> Bool {
    let expected = output.freeCapacity
    guard expected > 0 else { return Array(packed) == Self.packedNothing }
    let count = packed.withUnsafeBytes { source in
      output.append { free in
        let count = LZ4_decompress_safe(
          source.baseAddress, free.baseAddress, CInt(source.count), CInt(free.count))
        return max(0, Int(count))
      }
    }
    return count == expected
  }
}
