internal import CairnCore

/// The text form of age files, for places that take no binary data: mail, a chat, a configuration
/// file (C2SP age.md, "ASCII armor"; the strict form of RFC 7468).
///
/// It hides nothing and protects nothing: what it carries is an age file like any other. Sealing
/// makes it on request, and opening takes it wherever it takes a file, without being told.
/// ``ArmorWriter`` and ``ArmorReader`` do the same for streams.
public enum Armor {
  static let beginLine = "-----BEGIN AGE ENCRYPTED FILE-----"
  static let endLine = "-----END AGE ENCRYPTED FILE-----"
  /// What any line that begins or ends an armor, of whatever kind, starts with.
  static let dashes = "-----"
  /// Characters of white space that are accepted before an armor, and as many after it. Mail
  /// programs add some; more is no armor but a way to keep a reader busy.
  static let whitespaceLimit = 1024
  /// White space as RFC 7468 has it: tab, the four kinds of line ends, and space.
  static func isWhitespace(_ byte: UInt8) -> Bool {
    (9...13).contains(byte) || byte == UInt8(ascii: " ")
  }

  /// Puts the armor around a small file, all in memory.
  ///
  /// - Returns: ASCII text, the last line with its line feed: the file's length and 36 percent.
  public static func encode(_ file: RawSpan) -> [UInt8] {
    var encoder = ArmorEncoder()
    var output = MemoryWriter()
    do throws(CryptoError) {
      try file.withUnsafeBytes { (file) throws(CryptoError) in
        try encoder.write(file, to: &output)
      }
      try encoder.finish(to: &output)
    } catch {
      preconditionFailure("memory cannot fail to be written: \(error)")
    }
    return output.bytes
  }

  /// Puts the armor around a small file, all in memory; see ``encode(_:)-(RawSpan)``.
  public static func encode(_ file: [UInt8]) -> [UInt8] { encode(file.span.bytes) }

  /// Takes the armor off a small file, all in memory.
  ///
  /// - Parameter text: The armor, with nothing but white space before and after it.
  /// - Returns: The file, of which nothing has been authenticated.
  /// - Throws: ``CryptoError/Code/armor`` if the text breaks the rules, with the line in
  ///   ``CryptoError/line``.
  public static func decode(_ text: RawSpan) throws(CryptoError) -> [UInt8] {
    // Four characters make three bytes at most.
    let capacity = text.byteCount / 4 * 3 + Base64Line.byteCount
    return try [UInt8](unsafeUninitializedCapacity: capacity) {
      (buffer, initialized) throws(CryptoError) in
      let out = UnsafeMutableRawBufferPointer(buffer)
      initialized = try text.withUnsafeBytes { (text) throws(CryptoError) in
        try decode(text, into: out)
      }
    }
  }

  /// Takes the armor off a small file, all in memory.
  ///
  /// - Throws: As ``decode(_:)-(RawSpan)``.
  public static func decode(_ text: [UInt8]) throws(CryptoError) -> [UInt8] {
    try decode(text.span.bytes)
  }

  /// Whether a file is armored, or tried to be.
  static func isAround(_ file: RawSpan) -> Bool {
    file.withUnsafeBytes { FileStart.look(at: $0, isAtEnd: true) == .armored }
  }

  private static func decode(
    _ text: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer
  ) throws(CryptoError) -> Int {
    var decoder = ArmorDecoder()
    var (taken, given) = (0, 0)
    while !decoder.isAtEnd {
      let step = try decoder.decode(
        UnsafeRawBufferPointer(rebasing: text[taken...]), isAtEnd: true,
        into: UnsafeMutableRawBufferPointer(rebasing: out[given...]))
      taken += step.taken
      given += step.given
    }
    return given
  }
}
