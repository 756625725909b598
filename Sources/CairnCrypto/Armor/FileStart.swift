/// What the first bytes of a file say: whether it is armored.
///
/// Whatever is neither a sealed file nor armored counts as binary: reading its header says what is
/// wrong with it.
enum FileStart: Hashable {
  case binary, armored

  /// How many bytes decide in any case.
  static let lookahead = Armor.whitespaceLimit + Armor.beginLine.utf8.count

  /// Looks at the beginning of a file.
  ///
  /// - Parameter isAtEnd: Whether `bytes` is all there is.
  /// - Returns: `nil` if more bytes are needed, which may be up to ``lookahead``. A sealed file is
  ///   known by its first 19 bytes.
  static func look(at bytes: UnsafeRawBufferPointer, isAtEnd: Bool) -> FileStart? {
    let isDecided = isAtEnd || bytes.count >= lookahead
    if let isSealed = begins(bytes, with: Header.program) {
      if isSealed { return .binary }
    } else {
      return isDecided ? .binary : nil
    }
    let text = UnsafeRawBufferPointer(rebasing: bytes.drop(while: Armor.isWhitespace))
    if begins(text, with: Armor.dashes) == true { return .armored }
    // One after text, or with too few dashes, is no good armor, but its reader says so best.
    if mentionsArmor(bytes[...]) { return .armored }
    return isDecided ? .binary : nil
  }

  /// Whether an armor seems to begin in the part that is looked at.
  static func mentionsArmor(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
    let label = Array(Armor.beginLine.utf8.filter { $0 != UInt8(ascii: "-") })
    let text = bytes.prefix(lookahead)
    return text.indices.contains { text[$0...].starts(with: label) }
  }

  /// `nil` if `bytes` ends before that can be told.
  private static func begins(_ bytes: UnsafeRawBufferPointer, with text: String) -> Bool? {
    for (byte, expected) in zip(bytes, text.utf8) where byte != expected { return false }
    return bytes.count < text.utf8.count ? nil : true
  }
}
