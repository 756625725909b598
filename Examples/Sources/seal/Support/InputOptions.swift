import ArgumentParser
import CommandSupport
import FoundationSupport
import SystemPackage

/// The file that a command reads.
struct InputOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The file to read, or - .", valueName: "IN"))
  var name: ArgumentBytes?

  /// For messages.
  var text: String { isStandard ? "standard input" : name?.text ?? "" }

  var isStandard: Bool { name?.isStandard ?? true }

  var isTerminal: Bool { isStandard && FileDescriptor.standardInput.isTerminal }

  func withFile<Result>(_ body: (FileDescriptor) throws -> Result) throws -> Result {
    guard let name, !isStandard else { return try body(.standardInput) }
    let file: FileDescriptor
    do {
      file = try FileDescriptor.open(name.path, .readOnly, options: .closeOnExec)
    } catch {
      throw Failure("cannot read \(name.text): \(error)")
    }
    return try file.closeAfter { try body(file) }
  }
}
