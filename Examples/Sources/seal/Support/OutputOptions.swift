import ArgumentParser
import CommandSupport
import SystemPackage

/// The file that a command writes.
struct OutputOptions: ParsableArguments {
  @Option(
    name: .shortAndLong, help: ArgumentHelp("The file to write, or - .", valueName: "OUT"))
  var output: ArgumentBytes?

  /// Writes to a descriptor where that is what is meant, or else to a file that gets its name when
  /// it is whole.
  ///
  /// - Parameter isText: Whether a terminal can show what is written.
  func write(
    isText: Bool, toDescriptor: (FileDescriptor) throws -> Void, toFile: (FilePath) throws -> Void
  ) throws {
    guard let output, output.text != "-" else {
      if output == nil, !isText, FileDescriptor.standardOutput.isTerminal {
        throw Failure(
          "the output is binary and would upset the terminal: name a file with -o, write text with"
            + " -a, or insist with -o -")
      }
      return try toDescriptor(.standardOutput)
    }
    guard isDeviceOrPipe(output.path) else { return try toFile(output.path) }
    let file = try FileDescriptor.open(output.path, .writeOnly, options: .closeOnExec)
    try file.closeAfter { try toDescriptor(file) }
  }

  private func isDeviceOrPipe(_ path: FilePath) -> Bool {
    guard let status = try? Stat(path) else { return false }
    return status.type != .regular && status.type != .directory
  }
}
