import CairnCore

/// What a file has before its attributes are set; nil is not known.
struct InitialAttributes {
  var uid: UInt32?
  var gid: UInt32?
  var permissions: UInt16?

  init() {}

  init(_ status: FileStatus) {
    uid = status.uid
    gid = status.gid
    permissions = status.permissions
  }
}
