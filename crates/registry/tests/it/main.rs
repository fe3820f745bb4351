//! The registry's promises, on both databases.
//!
//! The PostgreSQL half starts a server of its own; see `postgres_server.rs` for what it needs.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::wildcard_enum_match_arm,
    clippy::result_large_err,
    clippy::type_complexity,
    unreachable_pub,
    missing_docs,
    reason = "a test says what is wrong by failing"
)]

mod backend;
mod budgets;
mod contract;
mod crash;
mod damage;
mod incidents;
mod jobs;
mod limits;
mod locks;
mod opening;
mod postgres_server;
mod searches;
mod watched;

use backend::Backend;

/// One test per database for each claim of the contract.
macro_rules! on_both_databases {
    ($($module:ident::$claim:ident,)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $claim() {
                crate::$module::$claim(&crate::Backend::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $claim() {
                if let Some(backend) = crate::Backend::postgres().await {
                    crate::$module::$claim(&backend).await;
                }
            })*
        }
    };
}

on_both_databases! {
    contract::a_run_comes_back_as_it_was_noted,
    watched::how_products_answered_is_noted_once_and_folded,
    watched::what_came_of_a_day_is_noted_once,
    contract::a_run_starts_once_and_ends_once,
    contract::runs_are_listed_newest_first,
    contract::a_silent_run_is_recovered_and_can_register_nothing,
    contract::an_artefact_comes_back_byte_for_byte_and_is_stored_once,
    contract::a_version_needs_a_living_run_of_its_product,
    contract::an_empty_artefact_is_refused,
    contract::every_move_of_an_alias_is_in_the_audit,
    contract::an_alias_moves_only_as_it_should,
    contract::rollback_goes_back_step_by_step,
    contract::promotion_needs_the_gate,
    contract::a_key_opens_until_it_is_revoked,
    contract::a_key_is_refused_with_the_reason,
    jobs::of_many_that_would_lead_one_does,
    jobs::what_a_dead_leader_had_begun_is_lost_and_registers_nothing,
    jobs::a_job_is_due_from_the_moment_on_when_it_became_what_it_is,
    jobs::old_attempts_are_forgotten_and_the_last_of_a_job_is_not,
    jobs::the_audit_tells_every_deed_and_shows_every_change_of_it,
    jobs::a_line_cut_off_and_a_table_changed_behind_the_audit_are_found,
    locks::sixteen_at_once_get_sixteen_numbers_without_a_gap,
    locks::of_two_promotions_at_once_exactly_one_wins,
    locks::a_registry_locked_by_another_is_an_error_in_time,
    locks::readers_do_not_wait_for_a_writer,
    damage::a_damaged_artefact_is_refused_with_both_hashes,
    damage::a_value_nobody_wrote_is_named_with_its_column,
    opening::many_may_open_a_new_registry_at_once,
    opening::tables_of_a_newer_program_are_refused_untouched,
    opening::another_applications_database_is_refused_untouched,
    budgets::a_budget_is_opened_and_resized_and_never_without_money,
    budgets::a_lease_takes_a_hundredth_within_its_bounds_and_an_answer_lost_is_given_again,
    budgets::what_was_promised_is_reserved_once_and_the_rest_of_a_lease_is_freed,
    budgets::a_redemption_counts_once_frees_the_rest_and_loses_no_excess,
    budgets::what_is_not_redeemed_in_time_is_free_again_and_counts_when_it_is,
    budgets::a_lease_is_released_by_hand_only_once_its_holder_is_silent,
    budgets::many_at_once_promise_the_whole_budget_and_no_cent_more,
    limits::a_limit_is_leased_within_a_lease_and_an_answer_lost_is_given_again,
    limits::a_promise_counts_against_the_limits_of_its_arm_from_lease_to_expiry,
    limits::many_at_once_promise_a_limit_and_no_unit_more,
    incidents::an_incident_opens_once_is_seen_while_it_lasts_and_closes_once,
    incidents::signals_of_one_cause_are_one_incident_of_all_products,
    incidents::what_shows_again_soon_is_the_same_incident,
    incidents::a_signal_outside_of_what_was_looked_at_is_refused,
    incidents::of_many_that_would_tell_at_once_one_does,
    incidents::a_message_that_did_not_arrive_is_sent_again_and_none_is_lost,
    searches::a_fit_is_kept_once_and_comes_back_as_it_was,
    searches::the_last_search_is_kept_and_fits_of_long_ago_are_forgotten,
    incidents::a_message_held_back_is_kept_and_one_of_what_has_changed_is_not_sent,
}
