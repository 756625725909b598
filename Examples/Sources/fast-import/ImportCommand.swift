import CairnChunks
import CommandSupport
import FastImport
import SystemPackage

enum ImportCommand {
  static func run(_ arguments: ParsedArguments) async throws {
    let name = arguments.value(of: .snapshotName)?.text ?? "history"
    let optionsOfGit = try optionsOfGit(in: arguments)
    var stream = FileDescriptor.standardInput
    if let file = arguments.value(of: .stream), file.text != "-" {
      do {
        stream = try .open(file.path, .readOnly, options: .closeOnExec)
      } catch {
        throw Failure("cannot open the stream \(file.text): \(error)")
      }
    }
    let store = try await arguments.openRepository()
    let previous = try await store.roots().last { $0.name == name && $0.isHistory }
    // Beside the repository, which is no place for files that are not its own.
    var folder = arguments[.repository].bytes
    while folder.count > 1, folder.last == UInt8(ascii: "/") { folder.removeLast() }
    var options = ImportOptions(folder: ArgumentBytes(folder + Array(".marks".utf8)).path)
    options.warn = { printError("warning: \($0)\n") }
    let chosen = options
    CheckpointSignal.install()
    let input = stream
    let session = try await store.startSession()
    let (report, isQuiet): (ImportReport, Bool)
    do {
      // Trees are made of those of the last import.
      if let previous { try await session.build(on: previous) }
      (report, isQuiet) = try await session.withBlockingSession { session in
        let importer = try Importer(
          input, into: session, options: chosen, arguments: optionsOfGit, name: name,
          previous: previous?.chunk)
        return (try importer.run(), importer.isQuiet)
      }
    } catch {
      // If this fails, collections wait for the session for a while.
      try? await session.end()
      throw error
    }
    try? await session.end()
    if !isQuiet { printError(report.statistics) }
    for refusal in report.refusals { printError("warning: \(refusal)\n") }
    if !report.refusals.isEmpty { throw RefsNotUpdated() }
  }

  /// Git's options as they were given, in order, for each may change what those behind it mean.
  private static func optionsOfGit(in arguments: ParsedArguments) throws -> [String] {
    let known = OptionSyntax.ofGit + OptionSyntax.ofGitWithoutMeaning
    return try arguments.options.filter { known.contains($0.syntax) }.map { option in
      let name = "--\(option.syntax.name)"
      guard let value = option.value else { return name }
      guard let text = String(validating: value.bytes, as: UTF8.self) else {
        throw Failure("the value of \(name) is not UTF-8: \(value.text)")
      }
      return "\(name)=\(text)"
    }
  }
}

/// Thrown when all is done but for refs that were named.
struct RefsNotUpdated: Error {}
