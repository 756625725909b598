#if SFTP
  import CairnCore

  /// A name in a folder that may be a part of a blob's, and what it is.
  struct FolderEntry {
    enum Kind {
      case file(Int64)
      case folder
      case other
    }
    let name: String
    let attributes: FileAttributes
    let kind: Kind
  }

  extension Operation {
    /// How many requests for the names of one folder are under way at once.
    private static let depth = 4
    /// What the window counts for the answer to one: some hundred names.
    private static let answerSize = 32 << 10
    /// More is no folder of ours.
    private static let mostEntries = 20_000_000

    /// Reads folders at the same time.
    ///
    /// - Returns: What is in each, in no order; nothing for a folder that is not there.
    func readFolders(_ folders: [String]) throws(SFTPFailure) -> [String: [FolderEntry]] {
      let open = folders.map { folder in
        OpenFile(connection, connection.openDirectory(path(folder)))
      }
      defer { for file in open { file.close() } }
      var entries: [[DirectoryEntry]?] = []
      var wanted: [Int] = []
      for number in folders.indices {
        let isThere = try isThere(open[number], folders[number])
        entries.append(isThere ? [] : nil)
        if isThere { wanted += repeatElement(number, count: Self.depth) }
      }
      try read(open, wanted, into: &entries)
      var result: [String: [FolderEntry]] = [:]
      for (number, folder) in folders.enumerated() {
        guard let found = entries[number] else { continue }
        result[folder] = try classify(found, in: folder)
      }
      return result
    }

    private func isThere(_ folder: OpenFile, _ name: String) throws(SFTPFailure) -> Bool {
      do throws(SFTPFailure) {
        _ = try folder.handle()
        return true
      } catch {
        guard case .status(let code) = error.reason else { throw error }
        // A blob is no folder.
        if code != StatusCode.noSuchFile, try size(connection.attributes(of: path(name))) == nil {
          throw error
        }
        return false
      }
    }

    /// - Parameter wanted: The folders to ask, by their numbers, one request for each mention.
    private func read(
      _ open: [OpenFile], _ wanted: [Int], into entries: inout [[DirectoryEntry]?]
    ) throws(SFTPFailure) {
      let pipeline = Pipeline(connection)
      var wanted = wanted
      var next = 0
      var hasEnded = open.map { _ in false }
      var count = 0
      while true {
        while next < wanted.count {
          let number = wanted[next]
          if !hasEnded[number] {
            guard pipeline.takeRoom(Self.answerSize) else { break }
            let reply = connection.readDirectory(try open[number].handle())
            pipeline.append(
              Pipeline.Part(offset: Int64(number), count: Self.answerSize, reply: reply))
          }
          next += 1
        }
        guard let (part, reply) = try pipeline.next() else { return }
        try checkCancellation()
        let number = Int(part.offset)
        guard let names = try reply.names() else {
          hasEnded[number] = true
          continue
        }
        count += names.count
        guard count <= Self.mostEntries else {
          throw .malformed("more than \(Self.mostEntries) names of a folder")
        }
        entries[number]?.append(contentsOf: names)
        wanted.append(number)
      }
    }

    /// Leaves out what can be no part of a blob's name, and looks at what the server has told too
    /// little of, or is a link.
    private func classify(
      _ found: [DirectoryEntry], in folder: String
    ) throws(SFTPFailure) -> [FolderEntry] {
      var entries: [FolderEntry] = []
      var unclear: [(name: String, answer: PendingReply)] = []
      for entry in found {
        guard let name = entry.component else { continue }
        switch entry.attributes.kind {
        case .file where entry.attributes.size != nil, .directory, .other:
          entries.append(try FolderEntry(name, entry.attributes))
        case .file, .link, nil:
          if unclear.count == Self.mostLooks { try settle(&unclear, into: &entries) }
          unclear.append((name, connection.attributes(of: path(folder + name))))
        }
      }
      try settle(&unclear, into: &entries)
      return entries
    }

    private static let mostLooks = 256

    private func settle(
      _ unclear: inout [(name: String, answer: PendingReply)], into entries: inout [FolderEntry]
    ) throws(SFTPFailure) {
      for (name, answer) in unclear {
        do throws(SFTPFailure) {
          entries.append(try FolderEntry(name, try answer.wait().attributes()))
        } catch {
          // Gone meanwhile, or a link to nothing.
          guard error.isStatus(StatusCode.noSuchFile) else { throw error }
        }
      }
      unclear = []
      try checkCancellation()
    }
  }

  extension FolderEntry {
    fileprivate init(_ name: String, _ attributes: FileAttributes) throws(SFTPFailure) {
      self.name = name
      self.attributes = attributes
      if attributes.kind == .directory {
        kind = .folder
      } else if let size = try attributes.fileSize() {
        kind = .file(size)
      } else {
        kind = .other
      }
    }
  }

  extension DirectoryEntry {
    /// The name, if it is one component of ASCII; "." and ".." are not.
    fileprivate var component: String? {
      guard name.allSatisfy({ (0x21...0x7e).contains($0) && $0 != UInt8(ascii: "/") }),
        name != [UInt8(ascii: ".")], name != [UInt8(ascii: "."), UInt8(ascii: ".")], !name.isEmpty
      else { return nil }
      return String(decoding: name, as: UTF8.self)
    }
  }
#endif
