import Foundation

/// Keys in an authorized_keys file, or in the list of a code host, for which age cannot encrypt. As
/// in `age`, they are no reason to refuse the whole file.
enum UnusableSSHKeys {
  private static let usableTypes: Set = ["ssh-ed25519", "ssh-rsa"]

  /// Empties the lines of such keys, so that all others keep their numbers.
  static func remove(
    from text: [UInt8]
  ) -> (text: [UInt8], ignored: [(line: Int, type: String)]) {
    let newline = UInt8(ascii: "\n")
    var ignored: [(line: Int, type: String)] = []
    var lines = text.split(separator: newline, omittingEmptySubsequences: false)
    for position in lines.indices {
      guard let type = type(of: lines[position]), !usableTypes.contains(type) else { continue }
      ignored.append((position + 1, type))
      lines[position] = []
    }
    return (Array(lines.joined(separator: [newline])), ignored)
  }

  /// The type of the key in a line; `nil` if it is no whole public key of SSH, which holds its
  /// type a second time, with its length before it.
  private static func type(of line: ArraySlice<UInt8>) -> String? {
    let words = line.split(maxSplits: 2) { [UInt8(ascii: " "), UInt8(ascii: "\t")].contains($0) }
    guard words.count > 1, words[0].startIndex == line.startIndex,
      let type = String(validating: words[0], as: UTF8.self),
      let key = Data(base64Encoded: Data(words[1].filter { $0 != UInt8(ascii: "\r") })),
      key.starts(with: [0, 0, 0, UInt8(clamping: type.utf8.count)] + Array(type.utf8))
    else { return nil }
    return type
  }
}
