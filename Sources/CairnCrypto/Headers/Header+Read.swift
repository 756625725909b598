public import CairnCore
public import SystemPackage

extension Header {
  /// Reads the header at the beginning of a file.
  ///
  /// Of a binary file nothing is read beyond the header, not even from a pipe: the next byte that
  /// `input` gives is the first of the nonce. The lines of an armor do not end where the header
  /// does, so how far armored text has been read afterwards is not stated;
  /// ``Age/detachHeader(from:payloadTo:limits:)-(ByteReader,_,_)`` splits a file of either form.
  ///
  /// - Parameters:
  ///   - input: The file from its first byte on, armored or not.
  ///   - limits: How much to accept.
  /// - Returns: The header. Its code is not checked yet: ``unwrap(with:)`` does that.
  /// - Throws: ``CryptoError/Code/header`` if it does not follow the format or the file ends within
  ///   it; ``CryptoError/Code/limit`` if it is too long or has too many stanzas;
  ///   ``CryptoError/Code/armor`` if an armor is damaged so far; ``CryptoError/Code/io`` if `input`
  ///   fails.
  public static func read(
    from input: inout some ByteReader, limits: Limits = Limits()
  ) throws(CryptoError) -> Header {
    var reader = ExactHeaderReader()
    while true {
      let isAtEnd = try !reader.readMore(from: &input)
      switch reader.kind(isAtEnd: isAtEnd) {
      case .armored:
        return try readArmored(
          from: &input, start: reader.bytes, isAtEnd: isAtEnd, limits: limits)
      case .binary:
        let isWorthParsing =
          isAtEnd || reader.mayBeWhole || reader.bytes.count >= limits.byteCount
        if isWorthParsing, let header = try parse(reader.bytes.span.bytes, limits: limits) {
          return header
        }
        if isAtEnd { throw truncated() }
      case nil:
        continue
      }
    }
  }

  /// Reads the header of a file from the current offset of a descriptor, which then is that of the
  /// payload; see ``read(from:limits:)-(ByteReader,_)``. The descriptor is borrowed.
  ///
  /// - Throws: As ``read(from:limits:)-(ByteReader,_)``.
  public static func read(
    from file: FileDescriptor, limits: Limits = Limits()
  ) throws(CryptoError) -> Header {
    var reader = FileReader(file)
    return try read(from: &reader, limits: limits)
  }

  private static func readArmored(
    from input: inout some ByteReader, start: [UInt8], isAtEnd: Bool, limits: Limits
  ) throws(CryptoError) -> Header {
    var text = start.span.bytes.withUnsafeBytes { ArmorText(start: $0, isAtEnd: isAtEnd) }
    var buffer = ByteBuffer(capacity: 4096)
    while true {
      let added = try text.read(from: &input, into: buffer.free)
      buffer.count += added
      if let header = try parse(buffer.bytes.bytes, limits: limits) { return header }
      if added == 0 { throw truncated() }
      if buffer.isFull { buffer.grow() }
    }
  }
}

/// Reads a header without reading beyond it: never more at a time than must still come.
private struct ExactHeaderReader {
  private(set) var bytes: [UInt8] = []
  /// Where the line begins that is being read.
  private var lineStart = 0

  /// The line of the code, which ends the header.
  private static let lastLineCount = Header.macPrefix.utf8.count + Header.macSuffixCount

  /// Whether what was read last could hold the end of the line of the code.
  private(set) var mayBeWhole = false

  func kind(isAtEnd: Bool) -> FileStart? {
    bytes.withUnsafeBytes { FileStart.look(at: $0, isAtEnd: isAtEnd) }
  }

  /// Reads once; false at the end of the input.
  mutating func readMore(from input: inout some ByteReader) throws(CryptoError) -> Bool {
    var piece = ByteBuffer(capacity: certainCount)
    guard try piece.fillOnce(from: &input) else { return false }
    let known = bytes.count
    bytes += piece.bytes
    mayBeWhole = false
    for i in known..<bytes.count where bytes[i] == UInt8(ascii: "\n") {
      if bytes[lineStart...].starts(with: Header.macPrefix.utf8) { mayBeWhole = true }
      lineStart = i + 1
    }
    return true
  }

  /// How many bytes must follow, if this is a sound header that is not whole yet; at least one.
  private var certainCount: Int {
    let versionCount = Header.versionLine.utf8.count
    if bytes.count < versionCount { return versionCount - bytes.count }
    let line = bytes[lineStart...]
    let isLast = zip(line, Header.macPrefix.utf8).allSatisfy { $0 == $1 }
    return max(1, isLast ? Self.lastLineCount - line.count : 1 + Self.lastLineCount)
  }
}
