import CommandSupport
import SystemPackage

/// A file that gets its name when it is whole.
///
/// The library has this as well. Here, what is not whole is also removed when a signal ends the
/// process, which is for a program to decide and not for a library.
enum WholeFile {
  /// Has a file written beside its name, and replaces what has this name.
  ///
  /// - Parameter text: The name for messages.
  static func write(
    _ path: FilePath, _ text: String, permissions: FilePermissions,
    _ body: (FileDescriptor) throws -> Void
  ) throws {
    guard let name = path.lastComponent, name.kind == .regular else {
      throw Failure("\(text.isEmpty ? "the empty name" : text) is no name for a file: give another")
    }
    let random = String(UInt64.random(in: .min ... .max), radix: 36)
    let temporary = path.removingLastComponent().appending(".seal-\(random).tmp")
    try Undo.removing(temporary) {
      let file: FileDescriptor
      do {
        file = try FileDescriptor.open(
          temporary, .readWrite, options: [.create, .exclusiveCreate, .closeOnExec],
          permissions: permissions)
      } catch {
        throw Failure("cannot write \(text): \(error)")
      }
      do {
        try file.closeAfter {
          try body(file)
          try naming(text) { try file.synchronize() }
        }
        try naming(text) {
          try temporary.rename(to: path)
          try path.synchronizeParent()
        }
      } catch {
        temporary.remove()
        throw error
      }
    }
  }

  private static func naming(_ text: String, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch let error as Errno {
      throw Failure("cannot write \(text): \(error)")
    }
  }
}
