import ArgumentParser
import CommandSupport
import FoundationSupport
import SystemPackage

/// The file that a command writes.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file to write, or - .", valueName: "OUT"))
  var output: ArgumentBytes?

  /// Whether the output is to be seen on a terminal.
  var isTerminal: Bool { isStandard && FileDescriptor.standardOutput.isTerminal }

  private var isStandard: Bool {
    // A file that it was redirected to is not replaced: there may be something before our output.
    output.map { $0.isStandard || $0.bytes == Array("/dev/stdout".utf8) } ?? true
  }

  /// Refuses to show ciphertext on a terminal, unless that is insisted on.
  func checkTerminal(isText: Bool) throws {
    guard output == nil, !isText, isTerminal else { return }
    throw Failure(
      "the output is binary and would upset the terminal: name a file with -o, write text with -a,"
        + " or insist with -o -")
  }

  /// Has standard output, a device or a pipe written to where that is what is meant, or else a
  /// file that gets its name when it is whole.
  ///
  /// - Parameter permissions: The mode of a file, from which the umask takes away.
  func write(permissions: FilePermissions, _ body: (FileDescriptor) throws -> Void) throws {
    guard let output, !isStandard else { return try body(.standardOutput) }
    let status = try? Stat(output.path)
    switch status?.type {
    case nil where output.path.exists:
      throw Failure("\(output.text) is a link to nowhere: remove it, or name another file")
    case nil, .regular:
      // Through links, so that these stay what they are.
      let path = status == nil ? output.path : try output.path.resolved()
      try WholeFile.write(path, output.text, permissions: permissions, body)
    case .directory:
      throw Failure("\(output.text) is a directory: name a file")
    default:
      try writeThrough(output, body)
    }
  }

  /// Writes to a device or a pipe.
  private func writeThrough(
    _ output: ArgumentBytes, _ body: (FileDescriptor) throws -> Void
  ) throws {
    let file: FileDescriptor
    do {
      file = try FileDescriptor.open(output.path, .writeOnly, options: .closeOnExec)
    } catch {
      throw Failure("cannot write \(output.text): \(error)")
    }
    try file.closeAfter { try body(file) }
  }
}
