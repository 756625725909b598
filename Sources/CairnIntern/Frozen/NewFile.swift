import CairnCore
import SystemPackage

/// A file on its way to its name, which it gets when it is whole and synchronized.
struct NewFile: ~Copyable {
  private let replacement: ReplacementFile
  var writer: FileWriter

  init(at path: FilePath) throws(InternError) {
    do throws(IOError) {
      replacement = try ReplacementFile(
        for: path, permissions: [.ownerReadWrite, .groupRead, .otherRead])
    } catch {
      throw .io(error)
    }
    writer = FileWriter(replacement.file, name: path.displayText)
  }

  func publish() throws(InternError) {
    do throws(IOError) {
      try replacement.publish()
    } catch {
      throw .io(error)
    }
  }
}
