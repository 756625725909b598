#if SFTP
  public import CairnChunks
  import Synchronization

  extension SFTPTarget {
    /// The folders that are read for one call are read at the same time, each of them whole.
    public func list(
      _ prefix: String, after: BlobName?, limit: Int
    ) async throws(ChunkStoreError) -> [BlobInfo] {
      try await run("list the blobs \(prefix)") { (operation) throws(SFTPFailure) -> [BlobInfo] in
        var listing = Listing(operation, prefix: prefix, after: after, limit: limit)
        return try listing.run()
      }
    }
  }

  /// Walks the folders in the order of the blobs' names, reading ahead.
  struct Listing {
    private let operation: Operation
    private let prefix: String
    private let after: BlobName?
    private let limit: Int
    private var found: [BlobInfo] = []
    /// Folders that were read ahead.
    private var folders: [String: [FolderEntry]] = [:]
    /// How many folders to read at once.
    private var batch: Int
    static let largestBatch = 64

    init(_ operation: Operation, prefix: String, after: BlobName?, limit: Int) {
      self.operation = operation
      self.prefix = prefix
      self.after = after
      self.limit = limit
      batch = 2
    }

    mutating func run() throws(SFTPFailure) -> [BlobInfo] {
      // The folder part of the prefix is where the walk begins; the rest filters names.
      let folder = prefix.lastIndex(of: "/").map { String(prefix[...$0]) } ?? ""
      let guess = operation.target.folderGuess.withLock { $0[folder] }
      if let guess {
        // As many as a page took last time, sent for together with the folder in which they are.
        batch = guess.foldersOfPage(limit)
        let likely = guess.names.lazy.filter { [after] in after?.isBehindFolder($0) != true }
        try read([folder] + likely.prefix(batch).map { "\($0)/" })
      } else {
        try read([folder])
      }
      if folders[folder] == nil {
        try operation.requireRoot()
        return []
      }
      var seen = FolderGuess()
      _ = try collect(folder, &seen)
      operation.target.folderGuess.withLock { $0[folder] = seen.names.isEmpty ? nil : seen }
      return found
    }

    private mutating func read(_ names: [String]) throws(SFTPFailure) {
      try folders.merge(operation.readFolders(names)) { $1 }
    }

    /// - Returns: whether there is room for more.
    private mutating func collect(
      _ folder: String, _ guess: inout FolderGuess
    ) throws(SFTPFailure) -> Bool {
      let children = try children(of: folder)
      guess.names = children.lazy.filter(\.isFolder).map(\.name)
      for (number, child) in children.enumerated() {
        guard found.count < limit else { return false }
        if child.isFolder {
          if after?.isBehindFolder(child.name) == true { continue }
          if folders[child.sortKey] == nil {
            try read(children[number...].lazy.filter(\.isFolder).prefix(batch).map(\.sortKey))
            batch = min(2 * batch, Self.largestBatch)
          }
          let count = found.count
          var inner = FolderGuess()
          let isOpen = try collect(child.sortKey, &inner)
          guess.visited += 1
          guess.found += found.count - count
          guard isOpen else { return false }
        } else if child.size >= 0 {
          found.append(BlobInfo(name: child.name, size: child.size))
        }
      }
      return found.count < limit
    }

    /// A blob or a folder that concerns the listing.
    private struct Child {
      let name: BlobName
      let isFolder: Bool
      let size: Int64
      /// What orders folders among files as their blobs' names are ordered.
      var sortKey: String { isFolder ? "\(name)/" : name.description }
    }

    private mutating func children(of folder: String) throws(SFTPFailure) -> [Child] {
      var children: [Child] = []
      for entry in folders.removeValue(forKey: folder) ?? [] {
        guard let name = BlobName(folder + entry.name) else { continue }
        let text = name.description.utf8
        switch entry.kind {
        case .file(let size):
          guard text.starts(with: prefix.utf8), after.map({ $0 < name }) != false else { continue }
          children.append(Child(name: name, isFolder: false, size: size))
        case .folder:
          guard text.starts(with: prefix.utf8) || prefix.utf8.starts(with: text) else { continue }
          children.append(Child(name: name, isFolder: true, size: 0))
        case .other: continue
        }
      }
      return children.sorted {
        $0.sortKey.utf8.lexicographicallyPrecedes($1.sortKey.utf8)
      }
    }
  }

  /// What a page of a listing found below a folder, by which the next one guesses what to read.
  ///
  /// A guess that is wrong costs time and nothing else.
  struct FolderGuess {
    /// The folders in it.
    var names: [BlobName] = []
    var visited = 0
    var found = 0

    func foldersOfPage(_ limit: Int) -> Int {
      guard found > 0 else { return 2 }
      let folders = Double(limit) * Double(visited) / Double(found)
      return Int(min(Double(Listing.largestBatch), folders.rounded(.up) + 1))
    }
  }

  extension BlobName {
    /// Whether this name is greater than all names in a folder.
    fileprivate func isBehindFolder(_ folder: BlobName) -> Bool {
      // "0" follows "/".
      !description.utf8.lexicographicallyPrecedes("\(folder)0".utf8)
    }
  }
#endif
