import ArgumentParser
import CommandSupport
import SystemPackage

/// The file that a command reads.
struct InputOptions: ParsableArguments {
  @Argument(help: ArgumentHelp("The file to read.", valueName: "IN"))
  var name: ArgumentBytes?

  /// For messages.
  var text: String { isStandard ? "standard input" : name?.text ?? "" }

  private var isStandard: Bool { name == nil || name?.text == "-" }

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
