import CairnCore
import SystemPackage

/// A file or directory whose attributes are to be set: open, or by its name.
enum RestoreTarget {
  case open(FileDescriptor)
  case name(UnsafePointer<CChar>, in: FileDescriptor)

  private func setOwner(_ uid: UInt32, group gid: UInt32) throws(Errno) {
    switch self {
    case .open(let file): try file.setOwner(uid, group: gid)
    case .name(let name, let directory): try directory.setOwner(of: name, uid, group: gid)
    }
  }

  private func setPermissions(_ permissions: UInt16) throws(Errno) {
    switch self {
    case .open(let file): try file.setPermissions(permissions)
    case .name(let name, let directory): try directory.setPermissions(of: name, permissions)
    }
  }

  private func setModificationTime(_ time: Int64) throws(Errno) {
    switch self {
    case .open(let file): try file.setModificationTime(time)
    case .name(let name, let directory): try directory.setModificationTime(of: name, time)
    }
  }

  private var attributeOwner: AttributeOwner {
    switch self {
    case .open(let file): .open(file)
    case .name(let name, let directory): .name(name, in: directory)
    }
  }
}

extension RestoreTarget {
  /// Sets what differs from the metadata; what fails is reported and left.
  ///
  /// The order matters. A change of owner takes setuid and capabilities away, so it comes first. An
  /// access control list changes the permission bits, so they come after it. The time comes last.
  func apply(
    _ metadata: FileMetadata, over initial: InitialAttributes, context: RestoreContext,
    path: () -> String
  ) {
    func attempt(_ operation: String, _ body: () throws(Errno) -> Void) {
      do throws(Errno) {
        try body()
      } catch {
        context.report(.systemCall(operation, path(), error))
      }
    }

    let owned = applyOwner(metadata, over: initial, context: context, path: path)
    for attribute in metadata.extendedAttributes {
      attempt("set the extended attribute \(String(displaying: attribute.name)) of") {
        () throws(Errno) in
        try attributeOwner.setExtendedAttribute(attribute)
      }
    }
    if metadata.kind != .symbolicLink {
      // Rights of an owner or a group must not go to another.
      var permissions = metadata.permissions
      if !owned.uid { permissions &= ~0o4000 }
      if !owned.gid { permissions &= ~0o2000 }
      if permissions != initial.permissions || !metadata.extendedAttributes.isEmpty {
        attempt("set the permissions of") { () throws(Errno) in try setPermissions(permissions) }
      }
    }
    attempt("set the time of") { () throws(Errno) in
      try setModificationTime(metadata.modificationTime)
    }
  }

  /// - Returns: whether owner and group are now those of the metadata.
  private func applyOwner(
    _ metadata: FileMetadata, over initial: InitialAttributes, context: RestoreContext,
    path: () -> String
  ) -> (uid: Bool, gid: Bool) {
    let uid = context.owners.uid(for: metadata)
    let gid = context.owners.gid(for: metadata)
    var owned = (uid: initial.uid == uid, gid: initial.gid == gid)
    if owned == (true, true) || context.options.ownership == .ignored { return owned }
    do throws(Errno) {
      try setOwner(owned.uid ? unchangedOwner : uid, group: owned.gid ? unchangedOwner : gid)
      return (true, true)
    } catch {
      // Who may not give files away may still give them to a group of his.
      if !owned.uid, !owned.gid, (try? setOwner(unchangedOwner, group: gid)) != nil {
        owned.gid = true
      }
      if context.isRoot || context.options.ownership == .required {
        context.report(.systemCall("set the owner of", path(), error))
      }
      return owned
    }
  }
}

extension OwnerNames {
  /// The owner by name if the system has that name, otherwise by number.
  fileprivate func uid(for metadata: FileMetadata) -> UInt32 {
    metadata.userName.flatMap { uid(ofUser: $0) } ?? metadata.uid
  }

  fileprivate func gid(for metadata: FileMetadata) -> UInt32 {
    metadata.groupName.flatMap { gid(ofGroup: $0) } ?? metadata.gid
  }
}
