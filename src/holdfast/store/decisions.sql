-- witness --
-- What was read after the decision, before the call goes out; nothing where the lease was lost or the push stopped.
update pushes set decision = decision || jsonb_build_object('reads', $3::jsonb)
 where id = $1 and epoch = $2 and state = 'in_flight'
returning id

-- decision --
-- What a cancel was decided for.
select decision from pushes where id = $1
