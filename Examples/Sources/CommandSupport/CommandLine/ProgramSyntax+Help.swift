extension ProgramSyntax {
  /// The column of explanations.
  private static let column = 26
  /// Longer lines are hard to read.
  private static let maximumWidth = 100
  private static let minimumWidth = 40

  func help(_ width: Int) -> String {
    var text = HelpText(width: Self.clamped(width))
    text.addParagraphs("\(abstract)\n\n\(discussion)")
    text.addTitle("Usage")
    text.add(usage(nil))
    text.addTitle("Commands")
    for command in commands { text.add(command.name, command.abstract, column: Self.column) }
    text.addTitle("Options")
    text.add("-h, --help", "Show this help.", column: Self.column)
    text.addTitle(nil)
    text.add("\"\(name) \(Self.help) <command>\" says more of one.")
    return text.text
  }

  func help(_ command: CommandSyntax, _ width: Int) -> String {
    var text = HelpText(width: Self.clamped(width))
    text.addParagraphs("\(command.abstract)\n\n\(command.discussion)")
    text.addTitle("Usage")
    text.add(usage(command))
    text.addTitle("Arguments")
    for operand in command.operands {
      text.add("<\(operand.name)>", operand.help, column: Self.column)
    }
    for (number, group) in command.options.enumerated() {
      text.addTitle(group.title)
      for option in group.options {
        text.add("--" + option.usage, option.help, column: Self.column)
      }
      if number == 0 { text.add("-h, --help", "Show this help.", column: Self.column) }
    }
    return text.text
  }

  /// Why a command line is refused, and how it is right.
  func refusal(_ problem: String, _ command: CommandSyntax?, _ width: Int) -> String {
    var text = HelpText(width: Self.clamped(width))
    text.add("Error: \(problem)")
    text.add(["Usage:"] + usage(command))
    let words = [name] + (command.map { [$0.name] } ?? [])
    text.add("See \"\(words.joined(separator: " ")) --help\".")
    return text.text
  }

  private static func clamped(_ width: Int) -> Int { min(max(width, minimumWidth), maximumWidth) }

  /// Parts that are not torn apart.
  private func usage(_ command: CommandSyntax?) -> [String] {
    guard let command else { return [name, "<command>", "…"] }
    var words = [name, command.name]
    words += command.operands.map { $0.isRequired ? "<\($0.name)>" : "[<\($0.name)>]" }
    for group in command.options {
      if let summary = group.summary {
        if !summary.isEmpty { words.append("[\(summary)]") }
      } else {
        words += group.options.map { "[--\($0.usage)\($0.isRepeatable ? " …" : "")]" }
      }
    }
    return words
  }
}

extension OptionSyntax {
  /// The name and what follows.
  fileprivate var usage: String { value.map { "\(name) <\($0)>" } ?? name }
}

/// Text in lines of a certain width.
private struct HelpText {
  let width: Int
  private(set) var text = ""

  init(width: Int) {
    self.width = width
  }

  mutating func addTitle(_ title: String?) {
    text += "\n"
    if let title { text += "\(title):\n" }
  }

  mutating func addParagraphs(_ paragraphs: String) {
    var isFirst = true
    for line in paragraphs.split(separator: "\n") {
      if !isFirst { text += "\n" }
      isFirst = false
      add(String(line))
    }
  }

  mutating func add(_ paragraph: String) {
    wrap(paragraph.split(separator: " "), from: 0, indent: 0)
  }

  /// A paragraph whose further lines are indented.
  mutating func add(_ parts: [String]) {
    wrap(parts, from: 0, indent: 2)
  }

  /// A term, and behind it, or below it if it is long, what it means.
  mutating func add(_ term: String, _ meaning: String, column: Int) {
    text += "  \(term)"
    // A term and its meaning are two columns apart at least.
    if term.count + 4 > column {
      text += "\n" + String(repeating: " ", count: column)
    } else {
      text += String(repeating: " ", count: column - 2 - term.count)
    }
    wrap(meaning.split(separator: " "), from: column, indent: column)
  }

  /// Words one behind the other, the first at a column that is reached already.
  private mutating func wrap(_ words: [some StringProtocol], from start: Int, indent: Int) {
    var column = start
    var isFirst = true
    for word in words {
      if isFirst {
        isFirst = false
      } else if column + 1 + word.count > width {
        text += "\n" + String(repeating: " ", count: indent)
        column = indent
      } else {
        text += " "
        column += 1
      }
      text += word
      column += word.count
    }
    text += "\n"
  }
}
