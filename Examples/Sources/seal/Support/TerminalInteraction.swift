import CairnCrypto
import CommandSupport

/// Passes on what plugins say and ask to the person at the terminal.
struct TerminalInteraction: PluginInteraction {
  func show(_ message: String, from plugin: String) -> Bool {
    printMessage("age-plugin-\(plugin): \(message)")
    return true
  }

  func requestText(_ prompt: String, from plugin: String) -> String? {
    try? Terminal.readLine("age-plugin-\(plugin): \(prompt)")
  }

  func requestSecret(_ prompt: String, from plugin: String) -> SecretBytes? {
    try? Terminal.readSecret("age-plugin-\(plugin): \(prompt)")
  }

  func confirm(_ prompt: String, yes: String, no: String?, from plugin: String) -> Bool? {
    let choices = no.map { "1 for \(yes), 2 for \($0)" } ?? "1 for \(yes)"
    switch try? Terminal.readLine("age-plugin-\(plugin): \(prompt) (\(choices))") {
    case "1": return true
    case "2" where no != nil: return false
    default: return nil
    }
  }
}
