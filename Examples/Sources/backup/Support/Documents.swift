import Cairn
import CommandSupport

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

// The JSON of the commands. Times are text, since a number of nanoseconds has more digits than many
// readers of JSON keep.

/// A snapshot.
struct SnapshotDocument: Encodable {
  let id: String
  let name: String
  let startTime: String
  let time: String
  let host: String
  let sources: [String]
  let tags: [String: String]
  let entries: UInt64
  let bytes: UInt64

  init(_ snapshot: Snapshot) {
    id = snapshot.id.description
    name = snapshot.name
    startTime = Formatting.utcTime(snapshot.startTime)
    time = Formatting.utcTime(snapshot.time)
    host = snapshot.host
    sources = snapshot.sources
    tags = snapshot.tags
    entries = snapshot.entryCount
    bytes = snapshot.byteCount
  }
}

/// A path; with its bytes in Base64 where they are not what the text says.
struct PathDocument: Encodable {
  let path: String
  let pathBase64: String?

  init(_ bytes: [UInt8], shownAs text: String) {
    path = text
    pathBase64 = text.utf8.elementsEqual(bytes) ? nil : Data(bytes).base64EncodedString()
  }
}

/// An entry of a snapshot.
struct EntryDocument: Encodable {
  let path: PathDocument
  let kind: String
  let mode: String
  let uid: UInt32
  let gid: UInt32
  let user: String?
  let group: String?
  let size: Int64?
  let modified: String
  let links: UInt64
  let target: PathDocument?
  let device: String?
  let extendedAttributes: [String]
  let changedWhileRead: Bool

  init(_ entry: SnapshotEntry) {
    let metadata = entry.metadata
    path = PathDocument(entry.pathBytes, shownAs: entry.path)
    kind = metadata.kind.description
    mode = Formatting.octal(metadata.permissions)
    uid = metadata.uid
    gid = metadata.gid
    user = metadata.userName
    group = metadata.groupName
    size = metadata.kind == .regular ? metadata.size : nil
    modified = Formatting.utcTime(metadata.modificationTime)
    links = metadata.linkCount
    target =
      metadata.kind == .symbolicLink
      ? PathDocument(metadata.linkTarget, shownAs: String(displaying: metadata.linkTarget)) : nil
    device =
      metadata.kind == .characterDevice || metadata.kind == .blockDevice
      ? "\(metadata.deviceNumber.major):\(metadata.deviceNumber.minor)" : nil
    extendedAttributes = metadata.extendedAttributes.map {
      String(decoding: $0.name, as: UTF8.self)
    }
    changedWhileRead = metadata.flags.contains(.changedWhileRead)
  }

  private enum Key: String, CodingKey {
    case path, pathBase64, kind, mode, uid, gid, user, group, size, modified, links
    case target, targetBase64, device, extendedAttributes, changedWhileRead
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(path.path, forKey: .path)
    try container.encodeIfPresent(path.pathBase64, forKey: .pathBase64)
    try container.encode(kind, forKey: .kind)
    try container.encode(mode, forKey: .mode)
    try container.encode(uid, forKey: .uid)
    try container.encode(gid, forKey: .gid)
    try container.encodeIfPresent(user, forKey: .user)
    try container.encodeIfPresent(group, forKey: .group)
    try container.encodeIfPresent(size, forKey: .size)
    try container.encode(modified, forKey: .modified)
    try container.encode(links, forKey: .links)
    try container.encodeIfPresent(target?.path, forKey: .target)
    try container.encodeIfPresent(target?.pathBase64, forKey: .targetBase64)
    try container.encodeIfPresent(device, forKey: .device)
    if !extendedAttributes.isEmpty {
      try container.encode(extendedAttributes, forKey: .extendedAttributes)
    }
    if changedWhileRead { try container.encode(true, forKey: .changedWhileRead) }
  }
}

extension StageTimes {
  /// Seconds by the stages' names.
  var seconds: [String: Double] {
    let nanoseconds: [String: Int64] = [
      "read": read, "cut": cut, "name": name, "pack": pack, "seal": seal, "check": check,
      "put": put,
    ]
    return nanoseconds.mapValues { Double($0) / 1e9 }
  }
}
