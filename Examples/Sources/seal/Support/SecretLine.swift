import CairnCrypto
import CommandSupport
import SystemPackage

/// A line that is a secret.
enum SecretLine {
  /// No passphrase is this long.
  private static let limit = 4096

  /// Reads a line, byte by byte, so that what follows it is left for the next who reads.
  static func read(from file: FileDescriptor) throws -> SecretBytes {
    let line = try SecretBytes(capacity: limit) { out in
      while out.freeCapacity > 0 {
        var byte: UInt8 = 0
        let count = try withUnsafeMutableBytes(of: &byte) { try file.read(into: $0) }
        if count == 0 || byte == UInt8(ascii: "\n") { return }
        out.append(byte)
      }
      throw Failure("the passphrase is longer than \(limit) bytes")
    }
    return line.withUnsafeBytes { bytes in
      bytes.last == UInt8(ascii: "\r")
        ? SecretBytes(copying: UnsafeRawBufferPointer(rebasing: bytes.dropLast()).bytes) : line
    }
  }
}
