-- PARAMETERS:
-- What this session and this server do to keep a confirmed commit.
SELECT current_setting('synchronous_commit'), current_setting('fsync'), current_setting('full_page_writes')
