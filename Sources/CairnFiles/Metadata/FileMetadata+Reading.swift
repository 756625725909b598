public import CairnCore
public import SystemPackage

extension FileMetadata {
  /// The metadata of an open file or directory.
  ///
  /// Costs one system call for a file without extended attributes.
  ///
  /// - Parameters:
  ///   - status: the file's status, taken from `file` itself or before it was opened.
  ///   - path: the file's name for people, used in problems.
  ///   - onProblem: is told why extended attributes are missing, if they are; they are then marked
  ///     as incomplete in ``flags``.
  public static func read(
    _ file: FileDescriptor, status: FileStatus, owners: OwnerNames,
    path: @autoclosure () -> String, onProblem: (IOError) -> Void
  ) -> FileMetadata {
    var metadata = FileMetadata(status, owners)
    metadata.readAttributes(.open(file), path: path, onProblem)
    return metadata
  }

  /// The metadata of a name that is not opened: a symbolic link, a fifo, a device, a socket.
  ///
  /// Works for files and directories too. Nothing is followed or opened.
  ///
  /// - Parameters:
  ///   - name: a name in `directory`.
  ///   - status: the status of that name.
  ///   - path: the file's name for people, used in problems.
  ///   - onProblem: is told why extended attributes are missing, if they are; they are then marked
  ///     as incomplete in ``flags``.
  /// - Throws: `systemCall` if a symbolic link's target cannot be read.
  public static func read(
    _ name: UnsafePointer<CChar>, in directory: DirectoryHandle, status: FileStatus,
    owners: OwnerNames, path: @autoclosure () -> String, onProblem: (IOError) -> Void
  ) throws(IOError) -> FileMetadata {
    var metadata = FileMetadata(status, owners)
    if status.kind == .symbolicLink {
      do throws(Errno) {
        metadata.linkTarget = try directory.descriptor.symbolicLinkTarget(
          name, expectedSize: status.size)
      } catch {
        throw .systemCall("read the symbolic link", path(), error)
      }
    }
    metadata.readAttributes(.name(name, in: directory.descriptor), path: path, onProblem)
    return metadata
  }

  private init(_ status: FileStatus, _ owners: OwnerNames) {
    self.init(status)
    (userName, groupName) = owners.names(uid: status.uid, gid: status.gid)
  }

  private mutating func readAttributes(
    _ owner: AttributeOwner, path: () -> String, _ onProblem: (IOError) -> Void
  ) {
    do throws(Errno) {
      extendedAttributes = try owner.extendedAttributes()
    } catch {
      flags.insert(.attributesIncomplete)
      onProblem(.systemCall("read the extended attributes of", path(), error))
    }
  }
}
