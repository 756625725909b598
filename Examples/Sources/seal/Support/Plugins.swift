import CairnCrypto
import SystemPackage

enum Plugins {
  /// Plugins may talk to the person at the terminal.
  static let host = PluginHost(
    interaction: TerminalInteraction(), standardError: .standardError)
}
