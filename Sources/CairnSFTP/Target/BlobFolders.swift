#if SFTP
  import CairnChunks

  /// The folders that a blob's name names, each with the "/" at its end; "" is the target's own.
  struct BlobFolders {
    /// That of the blob.
    let own: String
    /// Those that are not known to survive a power cut, outermost first; perhaps they do not exist.
    let unsure: [String]
    /// Those in which they are.
    let parents: [String]

    init(of name: BlobName, known: Set<String>) {
      var folder = ""
      var unsure: [String] = []
      var parents: [String] = []
      for part in name.description.split(separator: "/").dropLast() {
        let parent = folder
        folder += "\(part)/"
        if !known.contains(folder) {
          unsure.append(folder)
          parents.append(parent)
        }
      }
      own = folder
      self.unsure = unsure
      self.parents = parents
    }
  }
#endif
