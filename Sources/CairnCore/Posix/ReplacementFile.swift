package import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// A file that is written beside its name and takes it, from another file perhaps, when it is whole.
///
/// Released before that, it is removed. Only a crash leaves it behind, as `.NAME.RANDOM.tmp`.
package final class ReplacementFile: Sendable {
  package let file: FileDescriptor
  private let path: FilePath
  private let temporaryPath: FilePath

  /// Creates an empty file next to `path`, whose directory exists.
  ///
  /// - Throws: ``IOError`` if that fails, or if `path` exists and is not a regular file.
  package init(for path: FilePath, permissions: FilePermissions) throws(IOError) {
    guard let name = path.lastComponent, name.kind == .regular else {
      throw IOError(
        .invalidPath, operation: "write", subject: path.displayText,
        detail: "it does not end in a file's name")
    }
    try Self.refuseOtherThanFile(path)
    self.path = path
    let random = String(UInt64.random(in: .min ... .max), radix: 36)
    // Long names leave no room for an addition.
    let stem = name.string.utf8.count < 200 ? name.string : "cairn"
    temporaryPath = path.removingLastComponent().appending(".\(stem).\(random).tmp")
    do throws(Errno) {
      file = try temporaryPath.openNew(permissions: permissions)
    } catch {
      throw .systemCall("create", path.displayText, error)
    }
  }

  deinit {
    unlink(temporaryPath.cString)
    try? file.close()
  }

  private static func refuseOtherThanFile(_ path: FilePath) throws(IOError) {
    var status = stat()
    guard stat(path.cString, &status) == 0 else { return }
    guard FileKind(mode: UInt32(status.st_mode)) == .regular else {
      throw IOError(
        .invalidPath, operation: "replace", subject: path.displayText,
        detail: "it is not a regular file")
    }
  }

  /// Makes the content durable, and then gives it the name, in one step that is durable when this
  /// returns.
  package func publish() throws(IOError) {
    do throws(Errno) {
      try file.synchronize()
      try retryOnInterrupt { rename(temporaryPath.cString, path.cString) }
    } catch {
      throw .systemCall("write", path.displayText, error)
    }
    let directory = path.removingLastComponent()
    try (directory.isEmpty ? "." : directory).synchronizeDirectory()
  }
}
