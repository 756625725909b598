import CairnCore

/// One component of a path as the file system takes it.
struct EntryName: Sendable, Hashable {
  /// The bytes with a zero at the end.
  let cString: [CChar]

  /// Nil for bytes that name nothing, or something else than an entry of a directory.
  init?(_ bytes: UnsafeRawBufferPointer) {
    guard Self.isValid(bytes) else { return nil }
    cString = [CChar](unsafeUninitializedCapacity: bytes.count + 1) { buffer, count in
      UnsafeMutableRawBufferPointer(buffer).copyMemory(from: bytes)
      buffer[bytes.count] = 0
      count = bytes.count + 1
    }
  }

  /// The bytes without the zero.
  var bytes: [UInt8] { cString.dropLast().map { UInt8(bitPattern: $0) } }

  /// Whether these bytes can be the name of an entry: not empty, "." or "..", without a slash and
  /// without a zero.
  static func isValid(_ bytes: some Collection<UInt8>) -> Bool {
    let dot = UInt8(ascii: ".")
    if bytes.isEmpty || bytes.count <= 2 && bytes.allSatisfy({ $0 == dot }) { return false }
    return !bytes.contains { $0 == 0 || $0 == UInt8(ascii: "/") }
  }
}

extension IOError {
  static func invalidName(_ operation: String, _ subject: String) -> IOError {
    IOError(
      .invalidPath, operation: operation, subject: subject,
      detail: "a name must not be empty, \".\" or \"..\", nor hold \"/\" or a zero byte")
  }
}
