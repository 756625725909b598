internal import CairnCore
internal import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

extension PluginHost {
  /// How long a plugin may take to end once everything is said.
  private static let patience = Duration.seconds(2)

  /// Starts a plugin, has a conversation with it, and sees to it that it ends.
  ///
  /// - Parameter stateMachine: `recipient-v1` or `identity-v1`.
  /// - Throws: ``CryptoError/Code/plugin`` if it is missing, fails or breaks the rules.
  func converse<Result>(
    with name: PluginName, _ stateMachine: String,
    _ body: (PluginConversation) throws(CryptoError) -> Result
  ) throws(CryptoError) -> Result {
    let process = try start(name, stateMachine)
    let channel = PluginChannel(
      input: process.output, output: process.input, limits: limits,
      peer: "the plugin \(name.program)")
    let conversation = PluginConversation(
      channel: channel, name: name, interaction: interaction)
    do {
      let result = try body(conversation)
      process.closePipes()
      _ = process.end(within: Self.patience)
      return result
    } catch {
      process.closePipes()
      if !channel.hasEnded { process.interrupt() }
      let exit = process.end(within: Self.patience)
      guard channel.hasEnded, error.code == .plugin else { throw error }
      throw CryptoError(.plugin, "\(error.message) (\(exit))")
    }
  }

  /// Starts the first program of the plugin's name in the search path that can be started.
  private func start(
    _ name: PluginName, _ stateMachine: String
  ) throws(CryptoError) -> ChildProcess {
    var failure: IOError?
    for folder in folders where folder.isAbsolute {
      let path = folder.appending(name.program)
      guard access(path.string, X_OK) == 0 else { continue }
      do throws(IOError) {
        return try ChildProcess(
          path, arguments: ["--age-plugin=\(stateMachine)"], standardError: standardError)
      } catch {
        failure = failure ?? error
      }
    }
    if let failure {
      throw CryptoError(.plugin, "the plugin \(name.program) cannot be started", cause: failure)
    }
    throw CryptoError(
      .plugin,
      "the plugin \(name.program) is not installed: put it into a directory of the search path")
  }

  private var folders: [FilePath] {
    if let searchPath { return searchPath }
    guard let path = getenv("PATH") else { return [] }
    return String(cString: path).split(separator: ":").map { FilePath(String($0)) }
  }
}
