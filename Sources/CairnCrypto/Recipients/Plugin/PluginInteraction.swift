/// The person in front of the program, as a plugin sees it: whom it shows a message, or asks for a
/// PIN or a choice.
///
/// A host gives an implementation to ``PluginHost``. The default of each requirement refuses, which
/// the plugin is told; some go on without. Calls come from the thread that seals or opens, may
/// block until there is an answer, and are not counted against any time limit.
///
/// In the texts of a plugin, what could take over a terminal has been replaced. They are still a
/// stranger's: say whose they are where you show them.
public protocol PluginInteraction: Sendable {
  /// Shows a message, such as "touch the token".
  ///
  /// - Parameter plugin: The name of the plugin, as in `age-plugin-NAME`.
  /// - Returns: Whether it is or will be shown.
  func show(_ message: String, from plugin: String) -> Bool

  /// Asks for a text that is no secret.
  ///
  /// - Returns: The text, or `nil` if there is none to be had.
  func requestText(_ prompt: String, from plugin: String) -> String?

  /// Asks for a PIN or a passphrase, which is not to be shown while it is typed.
  ///
  /// - Returns: The secret in UTF-8, or `nil` if there is none to be had.
  func requestSecret(_ prompt: String, from plugin: String) -> SecretBytes?

  /// Asks for a choice between two.
  ///
  /// - Parameters:
  ///   - yes: The label of the first.
  ///   - no: The label of the second, if it has one.
  /// - Returns: Whether the first was chosen, or `nil` if none was.
  func confirm(_ prompt: String, yes: String, no: String?, from plugin: String) -> Bool?
}

extension PluginInteraction {
  /// Refuses.
  public func show(_ message: String, from plugin: String) -> Bool { false }
  /// Refuses.
  public func requestText(_ prompt: String, from plugin: String) -> String? { nil }
  /// Refuses.
  public func requestSecret(_ prompt: String, from plugin: String) -> SecretBytes? { nil }
  /// Refuses.
  public func confirm(
    _ prompt: String, yes: String, no: String?, from plugin: String
  ) -> Bool? { nil }
}

/// Shows nothing and answers nothing: for programs without a person in front of them.
public struct NoPluginInteraction: PluginInteraction {
  /// Makes one.
  public init() {}
}
