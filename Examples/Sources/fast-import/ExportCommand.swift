import CairnChunks
import CommandSupport
import FastImport
import SystemPackage

enum ExportCommand {
  static func run(_ arguments: ParsedArguments) async throws {
    let (repository, chunk) = try await arguments.openSnapshot()
    let names = arguments.values(of: .refs).map(\.bytes)
    try await repository.withBlockingReader { reader in
      try Exporter(reader, to: .standardOutput).export(chunk, refs: names)
    }
  }
}
