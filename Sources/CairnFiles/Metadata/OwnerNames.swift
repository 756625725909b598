import CairnCore
import Synchronization

/// Remembers the system's names of users and groups, and their numbers.
///
/// Any thread may use it. What was looked up once, found or not, is not looked up again, so an
/// account that is created later is not seen.
public final class OwnerNames: Sendable {
  private struct Cache {
    var users: [UInt32: String?] = [:]
    var groups: [UInt32: String?] = [:]
    var uids: [String: UInt32?] = [:]
    var gids: [String: UInt32?] = [:]
    /// Neighbours in a tree mostly have the same owner.
    var last: (uid: UInt32, gid: UInt32, user: String?, group: String?)?
  }

  private let cache = Mutex(Cache())

  /// Remembers nothing yet.
  public init() {}

  /// The names of a user and of a group; nil for a number without a name.
  public func names(uid: UInt32, gid: UInt32) -> (user: String?, group: String?) {
    cache.withLock { cache in
      if let last = cache.last, last.uid == uid, last.gid == gid { return (last.user, last.group) }
      let user = cache.users.value(of: uid) { Accounts.userName(uid) }
      let group = cache.groups.value(of: gid) { Accounts.groupName(gid) }
      cache.last = (uid, gid, user, group)
      return (user, group)
    }
  }

  /// The number of a user by name; nil if there is none.
  public func uid(ofUser name: String) -> UInt32? {
    cache.withLock { cache in cache.uids.value(of: name) { Accounts.uid(ofUser: name) } }
  }

  /// The number of a group by name; nil if there is none.
  public func gid(ofGroup name: String) -> UInt32? {
    cache.withLock { cache in cache.gids.value(of: name) { Accounts.gid(ofGroup: name) } }
  }
}

extension Dictionary {
  /// The value of a key, computed the first time.
  fileprivate mutating func value<Wrapped>(
    of key: Key, _ compute: () -> Wrapped?
  ) -> Wrapped? where Value == Wrapped? {
    if let known = self[key] { return known }
    let value = compute()
    self[key] = .some(value)
    return value
  }
}
