import ArgumentParser
import CairnChunks
import CommandSupport
import FastImport
import SystemPackage

struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a history to standard output as a git fast-import stream.")

  @OptionGroup var snapshot: SnapshotOptions

  @Option(help: ArgumentHelp("A ref, by its whole name; can be repeated.", valueName: "ref"))
  var refs: [ArgumentBytes] = []

  func run() async throws {
    let (repository, chunk) = try await snapshot.open()
    let names = refs.map(\.bytes)
    try await repository.withBlockingReader { reader in
      try Exporter(reader, to: .standardOutput).export(chunk, refs: names)
    }
  }
}
