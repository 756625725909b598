import CairnCore
import SystemPackage

extension FilePath {
  /// Makes a directory of that name unless there is one, and has the name survive a power cut.
  ///
  /// - Returns: whether there was none.
  /// - Throws: ``LogError``: `.storage`.
  @discardableResult
  func makeLogDirectory() throws(LogError) -> Bool {
    do throws(Errno) {
      try FileDescriptor.workingDirectory.makeDirectory(cString, permissions: 0o777)
    } catch {
      if error == .fileExists { return false }
      throw .storage("cannot create the log", .systemCall("create", displayText, error))
    }
    do throws(IOError) {
      let directory = removingLastComponent()
      try (directory.isEmpty ? "." : directory).synchronizeDirectory()
    } catch {
      throw .storage("cannot create the log", error)
    }
    return true
  }
}
