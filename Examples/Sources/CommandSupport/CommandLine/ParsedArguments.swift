/// The arguments of a command, read by its ``CommandSyntax``.
package struct ParsedArguments: Sendable {
  package struct Option: Sendable {
    package let syntax: OptionSyntax
    /// Nil for an option that has none.
    package let value: ArgumentBytes?
  }

  /// As they were given, in order.
  package private(set) var options: [Option] = []
  private var operands: [OperandSyntax: ArgumentBytes] = [:]

  /// The value that counts.
  package func value(of option: OptionSyntax) -> ArgumentBytes? {
    options.last { $0.syntax == option }?.value
  }

  /// All values of an option that can be repeated.
  package func values(of option: OptionSyntax) -> [ArgumentBytes] {
    options.compactMap { $0.syntax == option ? $0.value : nil }
  }

  /// An operand that may have been left out.
  package func value(of operand: OperandSyntax) -> ArgumentBytes? { operands[operand] }

  /// An operand that the command requires.
  package subscript(operand: OperandSyntax) -> ArgumentBytes {
    guard let value = operands[operand] else {
      preconditionFailure("the syntax does not require <\(operand.name)>")
    }
    return value
  }

  /// - Returns: nil if help was asked for.
  init?(_ words: some Sequence<ArgumentBytes>, _ syntax: CommandSyntax) throws(UsageError) {
    var places = syntax.operands[...]
    var isBehindMark = false
    var words = words.makeIterator()
    while let word = words.next() {
      if isBehindMark || !word.isOption {
        guard let operand = places.popFirst() else {
          throw UsageError("there is no place for \"\(word.text)\"")
        }
        operands[operand] = word
      } else if word.bytes == Array("--".utf8) {
        isBehindMark = true
      } else if word.asksForHelp {
        return nil
      } else {
        let (name, attached) = word.split
        guard let option = syntax.option(name) else {
          throw UsageError("there is no option \(word.optionText)")
        }
        var value = attached
        if let expected = option.value {
          value = attached ?? words.next()
          guard value != nil else {
            throw UsageError("--\(name) needs a value: --\(name) <\(expected)>")
          }
        } else if attached != nil {
          throw UsageError("--\(name) takes no value; write --\(name) alone")
        }
        options.append(Option(syntax: option, value: value))
      }
    }
    if let missing = places.first, missing.isRequired {
      throw UsageError("<\(missing.name)> is missing: \(missing.help)")
    }
  }
}

/// Why a command line is refused.
package struct UsageError: Error, CustomStringConvertible {
  /// Without a full stop.
  package let description: String

  init(_ description: String) {
    self.description = description
  }
}

extension ArgumentBytes {
  private static let dash = UInt8(ascii: "-")

  /// Whether it is no operand; a dash alone is one, the standard input by custom.
  var isOption: Bool { bytes.count > 1 && bytes.first == Self.dash }

  var asksForHelp: Bool { text == "-h" || text == "--help" }

  /// The name of an option, without dashes, and what stands behind its "=". A word that begins with
  /// one dash has no name that any option has.
  fileprivate var split: (name: String, value: ArgumentBytes?) {
    guard bytes.starts(with: "--".utf8) else { return ("", nil) }
    let parts = bytes.dropFirst(2).split(
      separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
    return (String(decoding: parts[0], as: UTF8.self), parts.dropFirst().first.map { Self($0) })
  }

  /// The option alone, which may stand in front of a secret.
  var optionText: String {
    String(decoding: bytes.prefix { $0 != UInt8(ascii: "=") }, as: UTF8.self)
  }
}
