#if S3
  /// What a server says of a request that it refused.
  struct ErrorAnswer {
    let code: String
    let message: String
    /// The region that a bucket is in, where that was wrong.
    let region: String?

    /// - Returns: `nil` if the body says nothing of the kind.
    init?(_ bytes: [UInt8]) {
      guard let root = AnswerElement.parse(bytes), root.name == "Error",
        let code = root.first("Code")?.text
      else { return nil }
      self.code = Self.short(code)
      message = Self.short(root.first("Message")?.text ?? "")
      region = root.first("Region").map { Self.short($0.text) }
    }

    /// Fit to be shown: one line without control characters, of some 300 at most.
    private static func short(_ text: String) -> String {
      let shown = text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }
      return String(String.UnicodeScalarView(shown.prefix(300)))
    }
  }
#endif
