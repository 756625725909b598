import ArgumentParser
package import SystemPackage

/// The command line as the shell gave it, for file names that are not UTF-8.
///
/// `String` cannot hold such bytes, and `ArgumentParser` takes nothing else. So a byte that is not
/// part of UTF-8 becomes a code point for private use, and ``ArgumentBytes`` turns it back. Text
/// that itself holds one of these code points is escaped byte by byte, so nothing is mistaken.
package enum RawArguments {
  private static let firstEscape: UInt32 = 0x10FF00

  /// The arguments of this process, without its name.
  package static var current: [String] {
    (1..<max(1, Int(CommandLine.argc))).compactMap { position in
      CommandLine.unsafeArgv[position].map { argument in
        escape(UnsafeRawBufferPointer(start: argument, count: length(of: argument)))
      }
    }
  }

  private static func length(of text: UnsafePointer<CChar>) -> Int {
    var length = 0
    while text[length] != 0 { length += 1 }
    return length
  }

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

/// An argument that may be the name of a file, in its own bytes.
package struct ArgumentBytes: ExpressibleByArgument, Sendable, Hashable {
  package let bytes: [UInt8]

  package init(_ bytes: some Sequence<UInt8>) {
    self.bytes = Array(bytes)
  }

  package init?(argument: String) {
    bytes = RawArguments.bytes(of: argument)
  }

  package var path: FilePath {
    FilePath(platformString: bytes.map { CInterop.PlatformChar(bitPattern: $0) } + [0])
  }

  /// For messages; what is not UTF-8 is repaired.
  package var text: String { String(decoding: bytes, as: UTF8.self) }
}
