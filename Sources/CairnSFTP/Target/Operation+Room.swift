#if SFTP
  import CairnChunks
  import CairnCore
  import SystemPackage

  extension Operation {
    /// Less is no room: what is small needs a block or two, and a folder perhaps another.
    private static let leastRoom: UInt64 = 64 << 10

    /// The failure of a put, with its reason where the server has given none: it may tell how much room
    /// there is (`statvfs@openssh.com`).
    ///
    /// - Parameter byteCount: What there had to be room for.
    func explained(_ failure: SFTPFailure, byteCount: Int64) -> SFTPFailure {
      guard failure.isUnexplained, connection.canTellRoom,
        let room = try? connection.room(at: target.root).wait().room()
      else { return failure }
      // What was sent in vain may count as free again.
      let needed = UInt64(byteCount) + Self.leastRoom
      guard room.isWithoutFiles || room.freeBytes < needed else {
        return failure.with(
          "the server reports a failure without a reason; its disk has \(room.freeBytes) bytes free, "
            + "so perhaps a quota is used up, or its disk fails")
      }
      let what = room.isWithoutFiles ? "takes no more files" : "is full"
      return failure.with(
        "the server's disk \(what): \(room.freeBytes) bytes are free; make room there",
        cause: .systemCall("write", target.name, .noSpace))
    }
  }

  /// What room a file system has for who logs in.
  struct FileSystemRoom {
    let freeBytes: UInt64
    /// Whether it takes no more files, however small.
    let isWithoutFiles: Bool
  }

  extension Reply {
    /// What `statvfs@openssh.com` answers: eleven numbers, of which the second is the size of a block,
    /// the fifth the free blocks, the sixth the files that there may be, if they are counted, and the
    /// eighth the free ones of these (PROTOCOL, section 4.4, of OpenSSH).
    func room() throws(SFTPFailure) -> FileSystemRoom {
      let numbers = try numbers(11)
      let (bytes, isMore) = numbers[1].multipliedReportingOverflow(by: numbers[4])
      return FileSystemRoom(
        freeBytes: isMore ? .max : bytes, isWithoutFiles: numbers[5] > 0 && numbers[7] == 0)
    }
  }
#endif
