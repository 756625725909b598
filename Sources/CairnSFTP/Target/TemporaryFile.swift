#if SFTP
  /// The names of files in which blobs grow, in a folder whose name no blob has.
  enum TemporaryFile {
    static let folder = ".tmp"
    private static let prefix = "cairn-"

    static func newName() -> String {
      // Some servers do not refuse to create what exists, so that chance alone tells files apart.
      prefix + hex(.random(in: .min ... .max)) + hex(.random(in: .min ... .max))
    }

    private static func hex(_ number: UInt64) -> String {
      let digits = String(number, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Whether a file of that folder is one of ours.
    static func isName(_ name: String) -> Bool {
      name.hasPrefix(prefix) && name.utf8.count == prefix.utf8.count + 32
    }
  }
#endif
