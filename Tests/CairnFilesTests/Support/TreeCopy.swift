import CairnCore
import CairnFiles
import SystemPackage

#if canImport(Darwin)
  import Darwin
#elseif canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Collects what is reported from any thread.
final class Reports: Sendable {
  private let errors = Monitor<[IOError]>([])

  func add(_ error: IOError) { errors.change { $0.append(error) } }
  var all: [IOError] { errors.withLock { $0 } }
}

/// Copies a tree as a backup and a restore do, without the store between them.
///
/// - Parameter byThreads: whether files are finished by other threads, later than their
///   directories are left.
func copyTree(
  _ source: String, to destination: String, _ options: RestoreOptions = RestoreOptions(),
  byThreads: Bool = false, report: Reports
) throws -> RestoreDestination {
  let restore = try RestoreDestination(FilePath(destination), options: options) {
    report.add($0)
  }
  let pool = ThreadPool(limit: 4)
  let running = Monitor(0)
  let owners = OwnerNames()
  var stack: [(directory: RestoredDirectory, metadata: FileMetadata?, keyLength: Int)] = []
  var firstNames: [UInt64: [UInt8]] = [:]
  var links: [(RestoredDirectory, name: [UInt8], key: [UInt8])] = []
  func leave(downTo keyLength: Int) {
    while let top = stack.last, top.keyLength >= keyLength {
      top.directory.leave(top.metadata)
      stack.removeLast()
    }
  }

  var walk = try SortedWalk([WalkRoot(source, name: "r")])
  while let event = walk.next() {
    if case .problem(let error) = event {
      report.add(error)
      continue
    }
    let key = Array(walk.key)
    let name = key.split(separator: 0).last.map(Array.init) ?? []
    leave(downTo: key.count - name.count)
    let directory = stack.last?.directory ?? restore.root
    let (status, parent) = (walk.status, walk.parent)
    let metadata = try walk.withFileName { fileName throws(IOError) in
      try FileMetadata.read(
        fileName, in: parent, status: status, owners: owners, path: text(key),
        onProblem: { report.add($0) })
    }
    switch status.kind {
    case .directory:
      stack.append(
        (try name.asSpan { try directory.makeDirectory($0) }, metadata, key.count))
    case .regular where status.linkCount > 1 && firstNames[status.inode] != nil:
      directory.hold()
      links.append((directory, name, firstNames[status.inode]!))
    case .regular:
      if status.linkCount > 1 { firstNames[status.inode] = key }
      let input = try walk.withFileName { try parent.descriptor.openEntry($0, .readOnly) }
      let job = { @Sendable in
        do {
          defer { try? input.close() }
          try copyFile(input, name, metadata, in: directory)
        } catch {
          report.add(error as! IOError)
        }
        directory.release()
        running.change { $0 -= 1 }
      }
      directory.hold()
      running.change { $0 += 1 }
      if byThreads { pool.submit(job) } else { job() }
    default:
      try name.asSpan { try directory.createEntry($0, metadata) }
    }
  }
  leave(downTo: 0)
  restore.root.leave()
  running.wait { $0 == 0 ? () : nil }
  for (directory, name, key) in links {
    try name.asSpan { name in try key.asSpan { try directory.createHardLink(name, to: $0) } }
    directory.release()
  }
  return restore
}

private func copyFile(
  _ input: FileDescriptor, _ name: [UInt8], _ metadata: FileMetadata,
  in directory: RestoredDirectory
) throws {
  let file = try name.asSpan { try directory.createFile($0, for: metadata) }
  var buffer = [UInt8](repeating: 0, count: 1 << 16)
  var offset: Int64 = 0
  while let data = try? input.nextData(from: offset) {
    offset = data.lowerBound
    while offset < data.upperBound {
      let wanted = Int(min(Int64(buffer.count), data.upperBound - offset))
      let count = try buffer.withUnsafeMutableBytes {
        try input.readFully(
          at: offset, into: UnsafeMutableRawBufferPointer(rebasing: $0[..<wanted]))
      }
      if count == 0 { break }
      try Array(buffer[..<count]).asSpan { try file.write($0, at: offset) }
      offset += Int64(count)
    }
  }
  try file.setSize(metadata.size)
  try file.finish(metadata)
}

/// What a restore must bring back: everything but inode, device, change time, and the link count
/// and size of directories.
struct RestoredEntry: Equatable {
  var path: String
  var metadata: FileMetadata
  var content: [UInt8]
}

func describe(_ root: String) throws -> [RestoredEntry] {
  let owners = OwnerNames()
  var result: [RestoredEntry] = []
  _ = try walk([WalkRoot(root, name: "r")]) { walk in
    let (status, parent) = (walk.status, walk.parent)
    var metadata = try walk.withFileName { name in
      try FileMetadata.read(
        name, in: parent, status: status, owners: owners, path: "", onProblem: { _ in })
    }
    metadata.inode = 0
    metadata.device = 0
    metadata.changeTime = 0
    if metadata.kind == .directory { metadata.linkCount = 0 }
    var content: [UInt8] = []
    if status.kind == .regular {
      let file = try walk.withFileName { try parent.descriptor.openEntry($0, .readOnly) }
      defer { try? file.close() }
      content = [UInt8](repeating: 0, count: Int(status.size))
      _ = try content.withUnsafeMutableBytes { try file.readFully(into: $0) }
    }
    result.append(
      RestoredEntry(
        path: String(displaying: walk.key), metadata: metadata, content: content))
  }
  return result
}
