import CairnChunks

extension Importer {
  /// Makes the refs what the stream says, and publishes a snapshot if they changed.
  func publish() throws {
    try store.objects.settle()
    var published = branches.published
    let branches = branches.sorted()
    for (name, branch) in branches where branch.commit == nil && branch.isDeleted {
      published[name] = nil
    }
    var folders = folders(of: published.keys)
    for (name, branch) in branches {
      guard let commit = branch.commit else { continue }
      try publish(name, commit, in: &published, &folders)
    }
    publishTags(in: &published, folders)
    try self.branches.setPublished(published)
    let refs = try published.mapValues { try store.objects.object($0) }
    let chunk = try RefTable.store(refs, store.session)
    if chunk != lastPublished, lastPublished != nil || !refs.isEmpty {
      try store.session.publish(
        name: snapshotName, chunk: chunk,
        fields: ["kind": "git history", "refs": String(refs.count)])
      lastPublished = chunk
    }
    if let path = options.exportMarks {
      try marks.save(to: path) { try store.objects.object($0).id }
    }
  }

  private func publish(
    _ name: [UInt8], _ commit: UInt32, in published: inout [[UInt8]: UInt32],
    _ folders: inout Set<[UInt8]>
  ) throws {
    let id = try store.objects.object(commit).id
    if let replaced = name.dropping("refs/replace/"), replaced.elementsEqual(id.hex) {
      published[name] = nil
      return options.warn(
        "Dropping \(name.text) since it would point to itself (i.e. to \(id))")
    }
    if published[name] == nil {
      let own = self.folders(of: [name])
      guard !folders.contains(name), !own.contains(where: { published[$0] != nil }) else {
        report.refusals.append("Not creating \(name.text) (a ref cannot lie within another)")
        return
      }
      folders.formUnion(own)
    }
    if let old = published[name], old != commit, !options.isForced,
      try !contains(old, from: commit)
    {
      let lost = try store.objects.object(old).id
      report.refusals.append(
        "Not updating \(name.text) (new tip \(id) does not contain \(lost))")
      return
    }
    published[name] = commit
  }

  /// Makes all tags refs, or none: as git does, which writes them in one transaction.
  private func publishTags(in published: inout [[UInt8]: UInt32], _ folders: Set<[UInt8]>) {
    let prefix = Array("refs/tags/".utf8)
    let names = tags.keys.map { prefix + $0 }.sorted { $0.lexicographicallyPrecedes($1) }
    let known = Set(names)
    let folders = folders.union(self.folders(of: names))
    let before = report.refusals.count
    for name in names {
      if !RefTable.isValid(name) {
        report.refusals.append("refusing to update ref with bad name '\(name.text)'")
      } else if repeatedTags[Array(name[prefix.count...])] != nil {
        report.refusals.append("multiple updates for ref '\(name.text)' not allowed")
      } else if folders.contains(name)
        || self.folders(of: [name]).contains(where: { published[$0] != nil || known.contains($0) })
      {
        report.refusals.append("Not creating \(name.text) (a ref cannot lie within another)")
      }
    }
    guard report.refusals.count == before else { return }
    for (name, tag) in tags { published[prefix + name] = tag }
  }

  /// The names that refs have in front of one of their slashes: no ref can be called that too.
  private func folders(of refs: some Sequence<[UInt8]>) -> Set<[UInt8]> {
    var folders: Set<[UInt8]> = []
    for name in refs {
      for (position, byte) in name.enumerated() where byte == Byte.slash {
        folders.insert(Array(name[..<position]))
      }
    }
    return folders
  }
}
