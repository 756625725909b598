import ArgumentParser
package import CommandSupport

/// The command line as the shell gave it, for file names that are not UTF-8.
///
/// `String` cannot hold such bytes, and `ArgumentParser` takes nothing else. So a byte that is not
/// part of UTF-8 becomes a code point for private use, and ``ArgumentBytes`` turns it back. Text
/// that itself holds one of these code points is escaped byte by byte, so nothing is mistaken.
package enum RawArguments {
  private static let firstEscape: UInt32 = 0x10FF00

  /// The arguments of this process, without its name.
  package static var current: [String] { ArgumentBytes.ofProcess.map { escape($0.bytes) } }

  private static func isEscape(_ scalar: Unicode.Scalar) -> Bool {
    (firstEscape...firstEscape + 0xFF).contains(scalar.value)
  }

  package static func escape(_ bytes: some Sequence<UInt8>) -> String {
    let bytes = Array(bytes)
    if let text = String(validating: bytes, as: UTF8.self),
      !text.unicodeScalars.contains(where: isEscape)
    {
      return text
    }
    var escaped = String.UnicodeScalarView()
    for byte in bytes {
      let value = byte < 0x80 ? UInt32(byte) : firstEscape + UInt32(byte)
      escaped.append(Unicode.Scalar(value)!)
    }
    return String(escaped)
  }

  package static func bytes(of argument: String) -> [UInt8] {
    guard argument.unicodeScalars.contains(where: isEscape) else { return Array(argument.utf8) }
    return argument.unicodeScalars.flatMap { scalar in
      isEscape(scalar) ? [UInt8(scalar.value - firstEscape)] : Array(String(scalar).utf8)
    }
  }
}

extension ArgumentBytes: ExpressibleByArgument {
  package init?(argument: String) {
    self.init(RawArguments.bytes(of: argument))
  }
}
