/// Text from the other end of a plugin conversation, made fit to be shown.
enum PluginText {
  /// The most characters of a message to show: some screens full.
  private static let maximum = 4000

  /// The text with what could take over a terminal replaced, and of a bounded length.
  static func display(_ bytes: RawSpan) -> String {
    let text = bytes.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(maximum) {
      let isControl = scalar.properties.generalCategory == .control && scalar != "\n"
      // Overrides of the direction make a text look like another.
      let isOverride =
        ("\u{202a}"..."\u{202e}").contains(scalar) || ("\u{2066}"..."\u{2069}").contains(scalar)
      shown.append(isControl || isOverride ? "\u{fffd}" : scalar)
    }
    return String(shown)
  }
}
