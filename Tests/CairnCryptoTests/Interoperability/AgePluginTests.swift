import CairnCrypto
import Foundation
import SystemPackage
import Testing

/// Plugins that the `age` command and we both run, and plugins of ours that it runs.
@Suite(
  "Plugins and the age command",
  .enabled(
    if: Command("age") != nil && PluginScript.interpreter != nil,
    "age or python3 is not installed: plugins are not tested with it"))
struct AgePluginTests {
  private let message = sampleBytes(1000)
  private var age: Command { Command("age")! }

  @Test func oneScriptForBoth() throws {
    let plugin = try PluginScript()
    let path = plugin.folder.path.string
    try plugin.folder.write("plain", message)
    try plugin.folder.write("key", plugin.identity().exportText().revealed)

    try plugin.folder.write("ours", Age.seal(message, to: [plugin.recipient()]))
    let opened = try age.run(
      "-d", "-i", "\(path)/key", "\(path)/ours", searchPath: path)
    #expect(opened == message)

    for recipient in [["-r", "\(try plugin.recipient())"], ["-i", "\(path)/key"]] {
      try age.run(
        "-e", recipient[0], recipient[1], "-o", "\(path)/theirs", "\(path)/plain", searchPath: path)
      let theirs = try plugin.folder.content("theirs")
      #expect(try Age.open(theirs, with: [plugin.identity()]) == message)
    }
  }

  /// `age` runs a script that hands both streams to a ``PluginProgram`` in this process.
  @Test func ourPluginServesAge() throws {
    let plugin = try PluginScript()
    let path = plugin.folder.path.string
    try plugin.write(
      """
      #!/bin/sh
      echo "$1" >'\(path)/arguments'
      cat '\(path)/answers' &
      cat >'\(path)/questions'
      wait
      """)
    for name in ["answers", "questions"] {
      #expect(mkfifo("\(path)/\(name)", 0o600) == 0)
    }
    let program = try PluginProgram.toy()
    try plugin.folder.write("plain", message)
    try plugin.folder.write("key", plugin.identity().exportText().revealed)

    _ = try serve(program, "recipient-v1", path) {
      try age.run(
        "-r", "\(try plugin.recipient())", "-o", "\(path)/sealed", "\(path)/plain",
        searchPath: path)
    }
    // The data of the keys of the script begins with 1, and with 4.
    let sealed = try plugin.folder.content("sealed")
    #expect(try Age.open(sealed, with: [ToyKey(mask: 1)]) == message)

    try plugin.folder.write("ours", Age.seal(message, to: [ToyKey(mask: 4)]))
    let opened = try serve(program, "identity-v1", path) {
      try age.run("-d", "-i", "\(path)/key", "\(path)/ours", searchPath: path)
    }
    #expect(opened == message)
  }

  /// Runs `body`, in which a plugin is run once, for this kind of conversation.
  private func serve<R>(
    _ program: PluginProgram, _ stateMachine: String, _ path: String, _ body: () throws -> R
  ) throws -> R {
    let argument = "--age-plugin=\(stateMachine)"
    let ended = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      do {
        let output = try FileDescriptor.open(FilePath("\(path)/answers"), .writeOnly)
        defer { try? output.close() }
        let input = try FileDescriptor.open(FilePath("\(path)/questions"), .readOnly)
        defer { try? input.close() }
        try program.run(arguments: [argument], input: input, output: output)
      } catch {
        Issue.record(error)
      }
      ended.signal()
    }
    let result = try body()
    ended.wait()
    let given = try String(contentsOfFile: "\(path)/arguments", encoding: .utf8)
    #expect(given == argument + "\n")
    return result
  }
}
