/// What a command takes: a table, by which its command line is read and its help is written.
///
/// An argument that begins with "-" is an option, and any other is an operand, as are "-" and all
/// that stand behind "--". An option that has a value takes it from behind a "=" or else from the
/// next argument, whatever that begins with. Of one that is given again, the last counts, unless it
/// can be repeated. Options and operands may stand in any order.
///
/// For commands that do without `ArgumentParser`, and without the Foundation that it links.
package struct CommandSyntax: Sendable {
  package let name: String
  /// A sentence, for the list of commands.
  package let abstract: String
  /// Paragraphs that say more, without line breaks of their own.
  package let discussion: String
  /// Those that may be left out come last.
  package let operands: [OperandSyntax]
  /// In groups, each under its title.
  package let options: [OptionGroup]

  package struct OptionGroup: Sendable {
    package let title: String
    package let options: [OptionSyntax]
    /// What the usage line says of them instead of naming each; empty if it says nothing.
    package let summary: String?

    package init(_ options: [OptionSyntax], title: String = "Options", summary: String? = nil) {
      self.title = title
      self.options = options
      self.summary = summary
    }
  }

  package init(
    _ name: String, abstract: String, discussion: String = "", operands: [OperandSyntax],
    options: [OptionGroup]
  ) {
    self.name = name
    self.abstract = abstract
    self.discussion = discussion
    self.operands = operands
    self.options = options
  }

  func option(_ name: String) -> OptionSyntax? {
    for group in options {
      if let option = group.options.first(where: { $0.name == name }) { return option }
    }
    return nil
  }
}

/// An argument that is known by its place.
package struct OperandSyntax: Sendable, Hashable {
  package let name: String
  package let help: String
  package let isRequired: Bool

  package init(_ name: String, isRequired: Bool = true, help: String) {
    self.name = name
    self.help = help
    self.isRequired = isRequired
  }
}

/// An argument that is known by its name.
package struct OptionSyntax: Sendable, Hashable {
  /// Without the "--".
  package let name: String
  /// What the help calls its value; an option without one is only there or not.
  package let value: String?
  package let isRepeatable: Bool
  package let help: String

  package init(_ name: String, value: String? = nil, isRepeatable: Bool = false, help: String) {
    self.name = name
    self.value = value
    self.isRepeatable = isRepeatable
    self.help = help
  }
}
