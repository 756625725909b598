import CairnCore

/// What is known about the attributes that new files in a directory get.
///
/// The process's umask, a group that the directory hands down, a default access control list and
/// the file system decide. Learned from the first file, it spares the others a system call each.
struct CreatedFiles {
  private var owner: (uid: UInt32, gid: UInt32)?
  /// The permission bits that were asked for before, and those of them that were granted. Whatever
  /// decides takes bits away, and the same ones from each file.
  private var asked: UInt16 = 0
  private var granted: UInt16 = 0

  /// What a file has that was created with these permissions; nil if that is not known yet.
  func attributes(askingFor permissions: UInt16) -> InitialAttributes? {
    guard let owner, permissions & ~asked == 0 else { return nil }
    var attributes = InitialAttributes()
    attributes.uid = owner.uid
    attributes.gid = owner.gid
    attributes.permissions = permissions & granted
    return attributes
  }

  /// Takes note of a file that was created with these permissions.
  mutating func learn(_ status: FileStatus, askedFor permissions: UInt16) {
    // A file system without permissions grants what nobody asked for; each file is looked at then.
    guard status.permissions & ~permissions == 0 else { return }
    owner = (status.uid, status.gid)
    asked |= permissions
    granted |= status.permissions
  }

  /// The permissions with which to create a file that will have those of `metadata`: the same, if
  /// that shows the content to nobody to whom the finished file does not.
  static func permissions(for metadata: FileMetadata?) -> UInt16 {
    let ownerOnly: UInt16 = 0o600
    // Some file systems let only those set extended attributes who may write.
    guard let metadata, metadata.extendedAttributes.isEmpty else { return ownerOnly }
    let bits = metadata.permissions & 0o777
    let group = bits >> 3 & 0o7
    let others = bits & 0o7
    // The group changes with the owner: it must not be allowed more than everybody is.
    return bits & 0o022 == 0 && group & ~others == 0 ? bits : ownerOnly
  }
}
