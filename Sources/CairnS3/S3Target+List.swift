#if S3
  public import CairnChunks

  extension S3Target {
    public func list(
      _ prefix: String, after: BlobName?, limit: Int
    ) async throws(ChunkStoreError) -> [BlobInfo] {
      guard limit > 0 else { return [] }
      var found: [BlobInfo] = []
      var page = PageRequest(prefix: prefix, after: after, limit: options.pageSize)
      do throws(S3Failure) {
        while true {
          page.limit = min(limit - found.count, options.pageSize)
          let answer = try await list(&page, behind: found.last?.name ?? after)
          found += answer.blobs
          if page.isLast || found.count >= limit { return Array(found.prefix(limit)) }
        }
      } catch {
        throw error.error("list", nil, on: self.name)
      }
    }

    /// Calls `body` for each blob whose name begins with `prefix`, in the order of names.
    ///
    /// The listings of folders within are asked for ahead, many at a time: a listing of a hundred
    /// thousand packs takes some ten times as long as a request, and holds some thirty pages.
    public func forEachBlob(
      _ prefix: String, _ body: (BlobInfo) async throws(ChunkStoreError) -> Void
    ) async throws(ChunkStoreError) {
      let first = try await firstPage(prefix)
      try await deliver(prefix, first, body)
    }

    /// The blobs of a prefix of which the first page is there.
    private func deliver(
      _ prefix: String, _ first: FirstPage, _ body: (BlobInfo) async throws(ChunkStoreError) -> Void
    ) async throws(ChunkStoreError) {
      if first.isAll {
        for blob in first.blobs { try await body(blob) }
        return
      }
      let entries = try await entries(prefix)
      let ahead = Ahead<FirstPage>(entries.count, depth: options.connections)
      defer { ahead.cancel() }
      for (index, entry) in entries.enumerated() {
        ahead.fill(from: index) { [self] index in
          guard case .folder(let folder) = entries[index] else { return nil }
          return { () async throws(ChunkStoreError) -> FirstPage in
            try await self.firstPage(folder)
          }
        }
        switch entry {
        case .blob(let blob): try await body(blob)
        case .folder(let folder):
          guard let page = try await ahead.value(index) else { continue }
          try await deliver(folder, page, body)
        }
      }
    }

    private struct FirstPage: Sendable {
      let blobs: [BlobInfo]
      let isAll: Bool
    }

    private func firstPage(_ prefix: String) async throws(ChunkStoreError) -> FirstPage {
      var page = PageRequest(prefix: prefix, after: nil, limit: options.pageSize)
      do throws(S3Failure) {
        let answer = try await list(&page, behind: nil)
        return FirstPage(blobs: answer.blobs, isAll: page.isLast)
      } catch {
        throw error.error("list", nil, on: self.name)
      }
    }

    private enum Entry {
      case blob(BlobInfo)
      case folder(String)

      var name: String {
        switch self {
        case .blob(let blob): blob.name.description
        case .folder(let folder): folder
        }
      }
    }

    /// The blobs and the folders right below a prefix, in the order of what is in them.
    private func entries(_ prefix: String) async throws(ChunkStoreError) -> [Entry] {
      var entries: [Entry] = []
      var page = PageRequest(prefix: prefix, after: nil, limit: options.pageSize)
      page.isFlat = true
      do throws(S3Failure) {
        while !page.isLast {
          let answer = try await list(&page, behind: nil)
          entries += answer.blobs.map { .blob($0) } + answer.folders.map { .folder($0) }
        }
      } catch {
        throw error.error("list", nil, on: self.name)
      }
      return entries.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    }

    // MARK: Requests

    private struct PageRequest {
      let prefix: String
      let after: BlobName?
      var limit: Int
      /// Folders are named instead of what is in them.
      var isFlat = false
      var continuation: String?
      var isLast = false
    }

    /// The next page, of which those that are no blobs are left out.
    private func list(
      _ page: inout PageRequest, behind last: BlobName?
    ) async throws(S3Failure) -> (blobs: [BlobInfo], folders: [String]) {
      var request = S3Request(.get)
      request.query = [
        ("list-type", "2"), ("encoding-type", "url"), ("prefix", prefix + page.prefix),
        ("max-keys", String(page.limit)),
      ]
      if page.isFlat { request.query.append(("delimiter", "/")) }
      if let continuation = page.continuation {
        request.query.append(("continuation-token", continuation))
      } else if let after = page.after {
        request.query.append(("start-after", key(after)))
      }
      let answer = try await client.send(request)
      guard let listed = ListAnswer(answer.body) else {
        throw S3Failure(.temporary, "the server's listing cannot be read")
      }
      guard listed.continuation == nil || listed.continuation != page.continuation else {
        throw S3Failure(.permanent, "the server's listing leads back to itself")
      }
      page.continuation = listed.continuation
      page.isLast = listed.continuation == nil
      var blobs: [BlobInfo] = []
      var last = last
      for entry in listed.blobs {
        guard let blob = blob(entry.key), blob.description.utf8.starts(with: page.prefix.utf8)
        else {
          continue
        }
        guard last.map({ $0 < blob }) != false else {
          throw S3Failure(
            .permanent, "the server lists \(blob) out of order, as a directory bucket does")
        }
        last = blob
        blobs.append(BlobInfo(name: blob, size: entry.size))
      }
      let folders = listed.folders.compactMap { folder -> String? in
        guard folder.utf8.starts(with: prefix.utf8), folder.hasSuffix("/") else { return nil }
        let own = String(decoding: folder.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
        // What is in a folder that cannot be a name's cannot be a blob.
        return BlobName(String(own.dropLast())) == nil ? nil : own
      }
      return (blobs, folders)
    }
  }
#endif
