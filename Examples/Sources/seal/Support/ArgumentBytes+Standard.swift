import CairnCrypto
import CommandSupport
import SystemPackage

extension ArgumentBytes {
  /// Whether this stands for standard input or output.
  var isStandard: Bool { bytes == [UInt8(ascii: "-")] }

  /// The content of a file of keys, which may be standard input.
  func readKeys() throws -> SecretBytes {
    guard isStandard else { return try SecretFile.read(self) }
    do {
      return try SecretFile.read(from: .standardInput, "standard input")
    } catch let error as Errno {
      throw Failure("cannot read standard input: \(error)")
    }
  }
}
